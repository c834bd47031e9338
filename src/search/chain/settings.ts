/** Parameters of a Markov chain, and K2's published best settings. */
import { UserError } from '../../base/errors.ts';

/** Probabilities of the proposal rules; they sum to 1. The first six are K2's. */
export interface RuleWeights {
  /** Replace an instruction: new opcode, new operands. */
  ir: number;
  /** Replace one operand by another of the same kind. */
  or: number;
  /** Replace an instruction by NOP. */
  nr: number;
  /** Memory exchange 1: a load or store keeps address and direction; width and value operand are redrawn. */
  me1: number;
  /** Memory exchange 2: only the width is redrawn. */
  me2: number;
  /** Replace up to `contiguous` neighbouring instructions. */
  cir: number;
  /** Ours: several instructions at once, as in macro-moves.ts. */
  idiom: number;
}

export interface ChainSettings {
  name: string;
  /** Distance of one output: `pop` differing bits, `abs` absolute difference. */
  distance: 'pop' | 'abs';
  /** Error averaged over the tests instead of summed. */
  average: boolean;
  /**
   * What a candidate that is not equivalent costs besides its distance: the number of tests that it fails, or
   * that it passes, as in K2, or nothing. What is refuted although it fails none, and so would cost nothing,
   * is out of reach.
   */
  unequal: 'failing' | 'passing' | 'none';
  /** Weight of the error. */
  alpha: number;
  /** Weight of the performance cost. */
  beta: number;
  /** Price of an unsafe candidate; Infinity: it is rejected before it runs. */
  gamma: number;
  /** Base of the acceptance probability base^-(new - old): e in K2's paper, 2 in its code. */
  base: number;
  rules: RuleWeights;
  /** Longest run that `cir` replaces. */
  contiguous: number;
  /** Steps after which the chain goes back to the best proven window; Infinity: never. */
  restart: number;
  /** Cost differences are divided by these, one after the other, changing at each restart. */
  temperatures: readonly number[];
}

const common = {
  unequal: 'failing' as ChainSettings['unequal'],
  gamma: 20,
  base: Math.E,
  contiguous: 2,
  restart: Number.POSITIVE_INFINITY,
  temperatures: [1],
} as const;

/** The five best settings of the paper's table 8, in its order. */
export const PAPER_SETTINGS: readonly ChainSettings[] = [
  {
    ...common,
    name: 'k2-1',
    distance: 'abs',
    average: false,
    alpha: 0.5,
    beta: 5,
    rules: { ir: 0.2, or: 0.4, nr: 0.15, me1: 0.2, me2: 0, cir: 0.05, idiom: 0 },
  },
  {
    ...common,
    name: 'k2-2',
    distance: 'pop',
    average: false,
    alpha: 0.5,
    beta: 5,
    rules: { ir: 0.17, or: 0.33, nr: 0.15, me1: 0.17, me2: 0, cir: 0.18, idiom: 0 },
  },
  {
    ...common,
    name: 'k2-3',
    distance: 'pop',
    average: false,
    alpha: 0.5,
    beta: 5,
    rules: { ir: 0.2, or: 0.4, nr: 0.15, me1: 0.2, me2: 0, cir: 0.05, idiom: 0 },
  },
  {
    ...common,
    name: 'k2-4',
    distance: 'abs',
    average: false,
    alpha: 0.5,
    beta: 5,
    rules: { ir: 0.17, or: 0.33, nr: 0.15, me1: 0, me2: 0.17, cir: 0.18, idiom: 0 },
  },
  {
    ...common,
    name: 'k2-5',
    distance: 'abs',
    average: true,
    alpha: 0.5,
    beta: 1.5,
    rules: { ir: 0.17, or: 0.33, nr: 0.15, me1: 0, me2: 0.17, cir: 0.18, idiom: 0 },
  },
];

/**
 * Ours. Easy rewrites are found cold, where wrong code is out of reach, others only hot, where the chain soon
 * wanders off into the many windows that are shorter and wrong: so it takes turns, and returns often.
 * Averaging the error keeps the chain moving where the sum over the tests would freeze it, and a low price
 * per slot lets it pass through longer windows on its way to shorter ones.
 */
export const DEFAULT_SETTINGS: ChainSettings = {
  ...common,
  name: 'default',
  distance: 'pop',
  average: true,
  unequal: 'none',
  gamma: Number.POSITIVE_INFINITY,
  alpha: 1,
  beta: 1,
  rules: { ir: 0.15, or: 0.25, nr: 0.15, me1: 0.05, me2: 0.05, cir: 0.05, idiom: 0.3 },
  restart: 5000,
  temperatures: [0.1, 0.3, 1],
};

/**
 * The error cost in all its variants (section 3.2 of the paper): distance, summed or averaged, and what is
 * counted of a candidate that is not equivalent.
 */
export const ERROR_VARIANTS: readonly Pick<ChainSettings, 'distance' | 'average' | 'unequal'>[] = (
  ['pop', 'abs'] as const
).flatMap((distance) =>
  [false, true].flatMap((average) =>
    (['failing', 'passing'] as const).map((unequal) => ({ distance, average, unequal })),
  ),
);

/**
 * The two sets of probabilities that the paper's best settings have, with the second memory rule in the
 * second.
 */
const RULE_SETS: readonly RuleWeights[] = [
  { ir: 0.2, or: 0.4, nr: 0.15, me1: 0.2, me2: 0, cir: 0.05, idiom: 0 },
  { ir: 0.17, or: 0.33, nr: 0.15, me1: 0, me2: 0.17, cir: 0.18, idiom: 0 },
];

/**
 * Sixteen settings, as many as the paper ran at once: everything that its table 8 varies, combined. Which
 * sixteen it ran it does not say.
 */
export const COMBINED_SETTINGS: readonly ChainSettings[] = (['abs', 'pop'] as const).flatMap((distance) =>
  [false, true].flatMap((average) =>
    [5, 1.5].flatMap((beta) =>
      RULE_SETS.map((rules, n) => ({
        ...common,
        name: `k2-${distance}-${average ? 'mean' : 'sum'}-${beta}-me${n + 1}`,
        distance,
        average,
        alpha: 0.5,
        beta,
        rules,
      })),
    ),
  ),
);

/** The second of the paper's settings with each error cost. */
const ERROR_SETTINGS: readonly ChainSettings[] = ERROR_VARIANTS.map((variant) => ({
  ...PAPER_SETTINGS[1]!,
  ...variant,
  name: `error-${variant.distance}-${variant.average ? 'mean' : 'sum'}-${variant.unequal}`,
}));

/**
 * What table 10 of the paper compares: `k2-2` with some of its domain-specific rules. The shares of those
 * that are off go to the others in proportion.
 */
export const RULE_SETTINGS: readonly ChainSettings[] = Object.entries({
  'rules-mem1-cont': { me1: 0.17, me2: 0, cir: 0.18 },
  'rules-mem2-cont': { me1: 0, me2: 0.17, cir: 0.18 },
  'rules-mem1': { me1: 0.17, me2: 0, cir: 0 },
  'rules-mem2': { me1: 0, me2: 0.17, cir: 0 },
  'rules-cont': { me1: 0, me2: 0, cir: 0.18 },
  'rules-none': { me1: 0, me2: 0, cir: 0 },
}).map(([name, domain]) => {
  const weights = { ir: 0.17, or: 0.33, nr: 0.15, ...domain };
  const sum = Object.values(weights).reduce((s, w) => s + w, 0);
  const share = (w: number): number => w / sum;
  const { ir, or, nr, me1, me2, cir } = weights;
  return {
    ...common,
    name,
    distance: 'pop',
    average: false,
    alpha: 0.5,
    beta: 5,
    rules: {
      ir: share(ir),
      or: share(or),
      nr: share(nr),
      me1: share(me1),
      me2: share(me2),
      cir: share(cir),
      idiom: 0,
    },
  };
});

export const ALL_SETTINGS: readonly ChainSettings[] = [
  DEFAULT_SETTINGS,
  ...PAPER_SETTINGS,
  ...COMBINED_SETTINGS,
  ...ERROR_SETTINGS,
  ...RULE_SETTINGS,
];

/** Setting by its name, e.g. `k2-2`. */
export function settingNamed(name: string): ChainSettings | undefined {
  return ALL_SETTINGS.find((s) => s.name === name);
}

/** @throws UserError when there are no settings of that name */
export function settingsOf(options: { settings: string }): ChainSettings {
  const settings = settingNamed(options.settings);
  if (settings !== undefined) return settings;
  throw new UserError(
    `no chain settings are named "${options.settings}"`,
    '',
    '`default` and `k2-1` to `k2-5` exist.',
  );
}
