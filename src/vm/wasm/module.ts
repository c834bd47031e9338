/**
 * The fast interpreter as a WebAssembly module, emitted from the semantics table.
 *
 *   exec(arena) -> status            one run; memory stays as the run left it
 *   undo()                           rewinds it
 *   evaluate(limit: f64)             all tests against their expected outcome; stops when the error exceeds
 *                                    the limit
 *   measure(count)                   sum of path prices over the first `count` tests (latency variant)
 *
 * Modules are compiled once per variant and distance of the shadow.
 */
import { CODE, HELPER_EXIT } from '../memory/layout.ts';
import { Wasm, type WasmModule } from './api.ts';
import type { Code, Func } from './assembler.ts';
import * as w from './assembler.ts';
import { distance } from './distance.ts';
import { dispatchLoop } from './handlers.ts';
import { closeFrame, openFrame, outside, prepare, slowLoad, undo } from './memory.ts';
import {
  CELL,
  cell,
  EXEC_LOCALS,
  FN,
  HEAD,
  head64,
  increment,
  L,
  poisonRegister,
  setCell,
  setR,
  tableEntry,
  type Variant,
} from './parts.ts';

const REGISTERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const entryRegisters: readonly Code[] = [
  ...[0, 2, 3, 4, 5, 6, 7, 8, 9].map(poisonRegister),
  setR(1, head64(HEAD.R1)),
  setR(10, head64(HEAD.R10)),
];

function exec(variant: Variant, delta: number): Func {
  const before = w.seq(
    variant.latency
      ? w.storeF64(
          w.i32(0),
          w.addF64(w.loadF64(w.i32(0), CELL.LATENCY), w.loadF64(tableEntry(CELL.PRICES))),
          CELL.LATENCY,
        )
      : [],
    variant.coverage ? increment(tableEntry(CELL.COVERAGE)) : [],
  );
  return {
    name: 'exec',
    params: [w.I32],
    results: [w.I32],
    locals: EXEC_LOCALS,
    body: w.seq(
      setCell(CELL.ARENA, w.get(L.arena)),
      w.set(L.base, head64(HEAD.BASE)),
      w.set(L.size, w.load64u32(w.get(L.arena), HEAD.SIZE)),
      w.set(L.poison, head64(HEAD.POISON)),
      w.set(L.limit, cell(CELL.STEP_LIMIT)),
      w.set(L.budget, cell(CELL.MAY_GOTO)),
      w.store64(w.get(L.arena), w.i64(0n), HEAD.STRUCTURE),
      w.store64(w.get(L.arena), w.i64(0n), HEAD.WRONG_CALLS),
      w.store64(w.get(L.arena), w.i64(0n), HEAD.CLOCK),
      ...(variant.window ? REGISTERS.map((n) => setR(n, head64(HEAD.WINDOW_REGS + 8 * n))) : entryRegisters),
      w.set(L.start, w.tee(L.pc, w.i32(CODE))),
      dispatchLoop(variant, delta, before),
      [0x00],
    ),
  };
}

/**
 * (limit) runs the tests in order until the summed distance exceeds the limit; a test that fails then moves
 * to the front.
 */
function evaluate(): Func {
  const [limit, order, i, n, arena, status, error, d] = [0, 1, 2, 3, 4, 5, 6, 7];
  const failed = 8;
  const faults = 9;
  const stopped = 10;
  const entry = w.add32(w.get(order), w.shl32(w.get(i), w.i32(2)));
  const one = (local: number): Code => w.set(local, w.add32(w.get(local), w.i32(1)));
  const toFront = w.seq(
    w.block(
      w.loop(
        w.seq(
          w.brIf(1, w.eqz32(w.get(i))),
          w.store32(entry, w.load32(w.sub32(entry, w.i32(4)))),
          w.set(i, w.sub32(w.get(i), w.i32(1))),
          w.br(0),
        ),
      ),
    ),
    w.store32(w.get(order), w.get(arena)),
  );
  return {
    name: 'evaluate',
    params: [w.F64],
    results: [],
    locals: [w.I32, w.I32, w.I32, w.I32, w.I32, w.F64, w.I64, w.I32, w.I32, w.I32],
    body: w.seq(
      w.set(order, cell(CELL.ORDER)),
      w.set(n, cell(CELL.TESTS)),
      w.block(
        w.loop(
          w.seq(
            w.brIf(1, w.geu32(w.get(i), w.get(n))),
            w.set(arena, w.load32(entry)),
            w.set(status, w.call(FN.exec, w.get(arena))),
            w.whenElse(
              w.and32(w.ne32(w.get(status), w.i32(0)), w.ne32(w.get(status), w.i32(HELPER_EXIT))),
              w.seq(w.set(d, w.load64(w.i32(0), CELL.FAULT_COST)), one(faults)),
              w.set(d, w.call(FN.distance, w.get(arena))),
            ),
            w.call(FN.undo),
            w.when(
              w.ne64(w.get(d), w.i64(0n)),
              w.seq(
                one(failed),
                w.set(error, w.addF64(w.get(error), w.toF64(w.get(d)))),
                w.when(
                  w.gtF64(w.get(error), w.get(limit)),
                  w.seq(w.set(stopped, w.i32(1)), toFront, w.br(3)),
                ),
              ),
            ),
            one(i),
            w.br(0),
          ),
        ),
      ),
      w.storeF64(w.i32(0), w.get(error), CELL.ERROR),
      setCell(CELL.FAILED, w.get(failed)),
      setCell(CELL.FAULTS, w.get(faults)),
      setCell(CELL.STOPPED, w.get(stopped)),
    ),
  };
}

/** () adds the price of every test's path to CELL.LATENCY. */
function measure(): Func {
  const i = 0;
  return {
    name: 'measure',
    params: [],
    results: [],
    locals: [w.I32],
    body: w.seq(
      w.storeF64(w.i32(0), w.f64(0), CELL.LATENCY),
      w.block(
        w.loop(
          w.seq(
            w.brIf(1, w.geu32(w.get(i), cell(CELL.TESTS))),
            [...w.call(FN.exec, w.load32(w.add32(cell(CELL.ORDER), w.shl32(w.get(i), w.i32(2))))), 0x1a],
            w.call(FN.undo),
            w.set(i, w.add32(w.get(i), w.i32(1))),
            w.br(0),
          ),
        ),
      ),
    ),
  };
}

/** Bytes of the module. */
export function emit(variant: Variant, delta: number): Uint8Array<ArrayBuffer> {
  const imports = [
    { name: 'helper', params: [w.I32], results: [w.I32] },
    { name: 'structure', params: [], results: [w.I32] },
  ];
  return assembleInOrder(imports, {
    prepare: prepare(delta),
    slowLoad: slowLoad(delta),
    outside,
    openFrame: openFrame(delta),
    closeFrame: closeFrame(delta),
    exec: exec(variant, delta),
    undo: undo(delta),
    distance: distance(delta, variant.window),
    evaluate: evaluate(),
    measure: measure(),
  });
}

/** Checks that the functions stand at their numbers in FN. */
function assembleInOrder(imports: w.Import[], functions: Record<string, Func>): Uint8Array<ArrayBuffer> {
  const names = Object.keys(functions);
  names.forEach((name, k) => {
    if (FN[name as keyof typeof FN] !== imports.length + k) throw new Error(`${name} is not at its number`);
  });
  return w.assemble(imports, Object.values(functions));
}

const compiled = new Map<string, WasmModule>();

export function moduleFor(variant: Variant, delta: number): WasmModule {
  const key = JSON.stringify([variant.latency, variant.coverage, variant.window, delta]);
  let found = compiled.get(key);
  if (found === undefined) {
    found = new Wasm.Module(emit(variant, delta));
    compiled.set(key, found);
  }
  return found;
}
