import { beforeAll, describe, expect, it } from 'vitest';
import { ANY } from '../../../src/analysis/domain/value.ts';
import { Rng } from '../../../src/base/random.ts';
import { assemble } from '../../../src/isa/asm/asm.ts';
import type { Insn } from '../../../src/isa/insn.ts';
import { OPTIMIZE_DEFAULTS } from '../../../src/optimizer/defaults.ts';
import { learn, remember } from '../../../src/optimizer/states/counterexample-states.ts';
import { TestBench } from '../../../src/optimizer/states/test-bench.ts';
import { replaceRange } from '../../../src/program/edit.ts';
import type { MapDef, Program } from '../../../src/program/program.ts';
import { raise, widened } from '../../../src/search/chain/positions.ts';
import { peepholes } from '../../../src/search/rewrites/peephole.ts';
import { createWindowVerifier, type WindowContext, type WindowVerifier } from '../../../src/verify/index.ts';
import type { Window } from '../../../src/verify/types.ts';
import { createMachine } from '../../../src/vm/machine/machine.ts';
import { WindowMachine } from '../../../src/vm/machine/window-machine.ts';
import { StateEditor } from '../../../src/vm/memory/state-editor.ts';
import { generateTests } from '../../../src/vm/testgen/index.ts';
import { hasPaperPrograms, paperPrograms } from '../../analysis/programs.ts';
import { programOf } from '../helpers.ts';

const HASH: MapDef = { name: 'h', type: 1, keySize: 4, valueSize: 16, maxEntries: 8, flags: 0 };

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier({ memoryModel: 'plain' });
});

/** A window opened with the states of the tests alone. */
function opened(
  program: Program,
  window: Window,
  edit: (c: WindowContext) => WindowContext = (c) => c,
  prepare: (draft: StateEditor) => void = () => {},
) {
  const context = edit(verifier.contextOf(program, window));
  const source = program.insns.slice(window.start, window.end);
  const exits = context.exits.map((e) => e.to);
  const whole = createMachine(program);
  whole.setTests(generateTests(program, { seed: 1, count: 16 }));
  whole.setSource(program.insns);
  const machine = new WindowMachine(program, whole.tests, 8);
  const observed = (at: Pick<WindowContext, 'liveRegisters' | 'liveStack'>) => ({
    registers: at.liveRegisters,
    stack: at.liveStack,
  });
  const states = whole.statesAt(program.insns, window.start).map((state) => {
    const draft = new StateEditor(state);
    prepare(draft);
    return draft.state;
  });
  machine.open(raise(source, exits)!.insns, states, {
    end: observed(context),
    places: context.exits.map(observed),
    exit: { registers: [context.returnBits], stack: new Uint8Array(512) },
  });
  /** What a wrong candidate teaches: its error before and after. */
  return (candidate: readonly Insn[]) => {
    machine.setCandidate(widened(raise(candidate, exits)!, source.length).insns);
    const before = machine.evaluate().error;
    const verdict = verifier.checkIn(context, source, candidate);
    if (verdict.kind !== 'different' || verdict.counterexample === undefined)
      throw new Error(`no counterexample: ${JSON.stringify(verdict)}`);
    const learned = learn(machine, context, verdict.counterexample);
    const after = machine.evaluate().error;
    if (learned) machine.drop();
    remember(machine, context, [verdict.counterexample]);
    return { before, learned, after, remembered: machine.evaluate().error };
  };
}

describe('learn', () => {
  it('takes over where the packet ends', () => {
    const program = programOf(
      assemble(`
        r2 = *(u32 *)(r1 +4)
        r1 = *(u32 *)(r1 +0)
        r1 += 14
        r0 = 1
        if r1 > r2 goto +1
        r0 = 2
        exit
      `),
      'xdp',
    );
    // No test has a packet without an Ethernet header.
    const taught = opened(program, { start: 0, end: 6 })(assemble('r0 = 2'));
    expect(taught).toMatchObject({ before: 0, learned: true });
    expect(taught.after).toBeGreaterThan(0);
    expect(taught.remembered).toBeGreaterThan(0);
  });

  const lookup = (then: string): Program =>
    programOf(
      assemble(`
        r6 = *(u32 *)(r1 +12)
        *(u32 *)(r10 -4) = 77777
        r2 = r10
        r2 += -4
        r1 = map[id:0]
        call 1
        if r0 == 0x0 goto +2
        ${then}
        exit
        r0 = 0
        exit
      `),
      'xdp',
      [HASH],
    );

  const nothingFound = (draft: StateEditor): void => {
    draft.empty(0);
  };

  it('takes over that a lookup finds something', () => {
    const program = lookup('r0 = 5');
    const taught = opened(
      program,
      { start: 5, end: 11 },
      undefined,
      nothingFound,
    )(assemble('call 1\nr0 = 0\nexit'));
    expect(taught).toMatchObject({ before: 0, learned: true });
  });

  it('takes over which key is looked up', () => {
    const program = lookup('r0 = 5');
    const other = program.insns.slice(1, 6).map((i, at) => (at === 0 ? { ...i, imm: 77778 } : i));
    expect(opened(program, { start: 1, end: 6 }, undefined, nothingFound)(other)).toMatchObject({
      before: 0,
      learned: true,
    });
  });

  it('takes over what lies behind the result of a lookup', () => {
    const program = lookup('r0 = *(u32 *)(r0 +8)');
    const wrong = assemble('call 1\nif r0 == 0x0 goto +1\nr0 = *(u8 *)(r0 +8)\nexit');
    expect(opened(program, { start: 5, end: 11 }, undefined, nothingFound)(wrong)).toMatchObject({
      before: 0,
      learned: true,
    });
  });

  it('takes over where a register of unknown kind points', () => {
    const program = programOf(
      assemble(`
        r2 = *(u32 *)(r1 +4)
        r7 = *(u32 *)(r1 +0)
        r3 = r7
        r3 += 14
        r0 = 1
        if r3 > r2 goto +7
        r2 = r10
        r2 += -8
        *(u64 *)(r10 -8) = 1
        r1 = *(u16 *)(r2 +0)
        *(u16 *)(r7 +8) = r1
        r1 = *(u16 *)(r2 +2)
        *(u16 *)(r7 +10) = r1
        exit
      `),
      'xdp',
    );
    const unknown = (c: WindowContext): WindowContext => ({
      ...c,
      registers: c.registers.map((v, r) => (r === 2 ? ANY : v)),
    });
    const teach = opened(program, { start: 9, end: 13 }, unknown);
    // Right unless it points into the packet.
    expect(teach(assemble('r1 = *(u32 *)(r2 +0)\n*(u32 *)(r7 +8) = r1'))).toMatchObject({
      before: 0,
      learned: true,
    });
  });
});

describe.skipIf(!hasPaperPrograms)('states that are made up (needs the paper programs)', () => {
  it('refute nothing that is proven', () => {
    let proven = 0;
    for (const { program } of paperPrograms().filter(({ program: p }) => p.insns.length < 60)) {
      const bench = new TestBench(program, { ...OPTIMIZE_DEFAULTS, tests: 16 });
      for (const { window, replacement } of peepholes(program, { level: 3, linux: 504 })) {
        if (verifier.check(program, window, replacement).kind !== 'equivalent') continue;
        // With some code around it.
        const wide = [8, 4, 2, 0].flatMap((more) => {
          const end = Math.min(program.insns.length, window.end + more);
          try {
            return [{ context: verifier.contextOf(program, { start: window.start, end }), end }];
          } catch {
            return [];
          }
        })[0];
        if (wide === undefined) continue;
        const { context, end } = wide;
        const exits = context.exits.map((e) => e.to);
        const source = raise(program.insns.slice(window.start, end), exits);
        const machine =
          source && bench.open({ start: window.start, end }, source.insns, context, new Rng('made up'));
        if (source === undefined || machine === undefined) continue;
        const changed = replaceRange(program, window.start, window.end, replacement);
        const shorter = end - (program.insns.length - changed.insns.length);
        const candidate = raise(changed.insns.slice(window.start, shorter), exits);
        if (candidate === undefined) continue;
        machine.setCandidate(widened(candidate, source.insns.length).insns);
        expect(machine.evaluate().error, `${program.name} ${window.start}`).toBe(0);
        proven++;
      }
    }
    expect(proven).toBeGreaterThan(20);
  });
});
