/**
 * Helper calls and opaque calls during a symbolic run.
 *
 *   in:   the state before the call, the prototype (program/tables/helpers.ts)
 *   out:  the state after it: r0 and written bytes hold unknowns named after the call, r1 to r5 nothing,
 *         memory that it may have changed elsewhere is unknown; and a CallEvent that says what all that
 *           depends on
 *
 * Meaning beyond that: lookups of one map with equal keys and no change of the map between give the same
 * pointer; a lookup in an array with a constant key in range never gives NULL; different keys lead to
 * different values.
 */
import { region as regions } from '../../../analysis/domain/value.ts';
import { argumentRegisters, contractOf, isVerifiedAlone } from '../../../program/contracts/contract.ts';
import type { FunctionRange } from '../../../program/program.ts';
import { Helper, helperById, invalidatesPacket, isSilent } from '../../../program/tables/helpers.ts';
import { mapType } from '../../../program/tables/maps.ts';
import type { Normalizer, Term } from '../../../solver/index.ts';
import { Unsupported } from '../../errors.ts';
import { type Call, type CallEvent, type CallInput, CallLog } from '../events.ts';
import { havoc, type MemoryReader, write } from '../memory.ts';
import type { MemoryOps } from '../memory-ops.ts';
import { memoryOf } from '../regions.ts';
import type { ExecutionEnv, Role } from '../run.ts';
import { conjunction, type State, versionOf } from '../state.ts';
import { CallArguments, chunks, type Reach } from './call-args.ts';
import { CallEffects, Seen, versionKey } from './call-effects.ts';
import type { TheMap } from './map-argument.ts';

const LOOKUPS: ReadonlySet<number> = new Set([Helper.map_lookup_elem, Helper.map_lookup_percpu_elem]);

export class Calls {
  readonly log: CallLog;
  private readonly around: ExecutionEnv;
  private readonly n: Normalizer;
  private readonly reader: MemoryReader;
  private readonly memory: MemoryOps;
  private readonly args: CallArguments;
  private readonly effects: CallEffects;

  constructor(
    around: ExecutionEnv,
    reader: MemoryReader,
    memory: MemoryOps,
    role: Pick<Role, 'reference' | 'path'>,
  ) {
    this.around = around;
    this.n = around.normalizer;
    this.reader = reader;
    this.memory = memory;
    this.args = new CallArguments(around, reader, memory.touched);
    this.effects = new CallEffects(around);
    this.log = new CallLog(role.reference, role.path && ((n) => role.path!.token(n)));
  }

  /**
   * @throws Unsupported for helpers and arguments that are not modelled; Refused for calls that the source
   *   does not make
   */
  helper(id: number, s: State): CallEvent {
    const h = helperById(id);
    if (!h.known) throw new Unsupported(`helper ${h.name} has no model`);
    if (h.effects.includes('callback')) throw new Unsupported(`helper ${h.name} calls back`);
    const map = this.args.mapOf(h, s);
    const inputs: CallInput[] = [];
    const reached: Reach[] = [];
    const seen = new Seen();
    h.args.forEach((arg, n) => {
      this.args.argument(h, arg, n, s, map?.def, inputs, reached, seen);
    });
    const done = reached.map((r) => this.memory.reach(s, h.name, r));
    for (const r of reached) this.args.inputBytes(r, s, inputs);
    const unobservable = isSilent(h) && !h.effects.includes('random') && !h.effects.includes('time');
    const isLookup = LOOKUPS.has(id) && map !== undefined;
    const pure = unobservable && (isLookup || h.effects.every((e) => e === 'pure' || e === 'runConstant'));
    if (isLookup) this.input(inputs, 'version', versionOf(this.n, s, versionKey(map)));
    this.effects.see(h, map, seen);
    const event = this.record(s, {
      name: h.name,
      signature: `${id} ${reached.map((r) => `${r.arg}:${r.size}`).join(' ')}`,
      inputs,
      condition: this.condition(s),
      observed: seen.list(s),
      unobservable: unobservable && !(isLookup && mapType(map.def.type)?.isLru === true),
      pure,
    });
    for (const [k, r] of reached.entries()) {
      if (r.writes) this.overwrite(r, s, event.token);
      done[k]!(event.token);
    }
    for (const memory of seen.havocked)
      s.logs.set(memory, havoc(s.logs.get(memory), `${memory}@${event.token}`));
    if (invalidatesPacket(h)) this.effects.movePacket(s, event.token);
    this.effects.changeVersions(h, map, s, event.token);
    s.regs.fill(undefined, 1, 6);
    s.regs[0] = this.result(h, map, inputs, reached, event);
    return event;
  }

  /**
   * After a tail call that succeeded: another program did whatever it does, and its result is the function's.
   */
  succeeded(s: State, event: CallEvent): void {
    const seen = new Seen();
    seen.wash(this.effects.everything());
    this.forget(s, seen, event.token);
    s.regs[0] = this.variable(event.token, 'result', 64);
  }

  private forget(s: State, { havocked }: Seen, token: number): void {
    for (const memory of havocked) s.logs.set(memory, havoc(s.logs.get(memory), `${memory}@${token}`));
    this.effects.movePacket(s, token);
    this.effects.disturb(s, token);
    s.regs.fill(undefined, 1, 6);
  }

  /**
   * A call of code that is not looked into. `name` is equal for calls of the same function.
   * @param f the function, where it is known: it gets what its prototype says, and no more
   */
  opaque(name: string, s: State, depth: number, f?: FunctionRange): void {
    const inputs: CallInput[] = [];
    const seen = new Seen();
    let stack = false;
    for (let r = 1; r <= 5; r++) {
      const t = s.regs[r];
      if (t === undefined || (f !== undefined && (argumentRegisters(f) & (1 << r)) === 0)) continue;
      this.input(inputs, `r${r}`, t);
      if (isVerifiedAlone(f) && contractOf(f).parameters?.[r - 1]?.kind === 'scalar') continue;
      const address = this.n.normalize(t);
      const to = this.around.bases.regionOf(address);
      stack ||= to?.kind === 'stack' || (to === undefined && !this.n.store.isConst(address));
    }
    seen.wash(this.effects.everything());
    if (stack)
      for (let d = 0; d <= this.around.frame + depth; d++)
        seen.wash([memoryOf(regions.stack(d), this.around.merging)], true);
    const event = this.record(s, {
      name,
      signature: name,
      inputs,
      condition: this.condition(s),
      observed: seen.list(s),
      unobservable: false,
      pure: false,
    });
    this.forget(s, seen, event.token);
    s.regs[0] = this.variable(event.token, 'r0', 64);
  }

  private condition(s: State): Term {
    return this.n.normalize(conjunction(this.n, s.path));
  }

  private input(inputs: CallInput[], where: string, t: Term): void {
    inputs.push({ where, term: this.n.normalize(t) });
  }

  private variable(token: number, what: string, width: number): Term {
    return this.n.store.var(`call${token}.${what}`, width);
  }

  private record(s: State, c: Call): CallEvent {
    // What reads nothing that others can change comes between no two accesses.
    if (!c.pure || c.inputs.some((i) => i.where === 'version' && !this.isSettled(i.term))) s.last = undefined;
    const event = this.log.add(c);
    if (!c.unobservable)
      this.memory.accesses.push({
        kind: 'call',
        name: c.name,
        memory: '',
        address: this.n.build.const(0n, 64),
        size: 0,
        orders: true,
        condition: this.condition(s),
        at: -1,
        token: event.token,
      });
    return event;
  }

  /** Of a lookup: is the version one that nobody has changed so far? Arrays keep it. */
  private isSettled(version: Term): boolean {
    return this.n.store.constant(version) === 0n;
  }

  private overwrite(r: Reach, s: State, token: number): void {
    for (const { at, bytes } of chunks(r.size)) {
      const value = this.variable(token, `r${r.arg}[${at}]`, bytes * 8);
      s.logs.set(r.memory, write(s.logs.get(r.memory), this.reader.offset(r.address, at), bytes, value));
    }
  }

  private result(
    h: Helper,
    map: TheMap | undefined,
    inputs: readonly CallInput[],
    reached: readonly Reach[],
    event: CallEvent,
  ): Term | undefined {
    const { bases } = this.around;
    const id = `call${event.token}`;
    switch (h.ret) {
      case 'void':
        return undefined;
      case 'integer':
        return this.n.build.zext(this.variable(event.token, 'r0', h.retBits), 64);
      case 'map_value':
      case 'map_value_or_null': {
        if (map === undefined) throw new Unsupported(`${h.name} without a map`);
        const kind = mapType(map.def.type)?.lookup ?? 'value';
        if (kind === 'map') return bases.base(regions.map(map.region.map, true), id);
        if (kind === 'sock' || kind === 'xdp_sock') return bases.base(regions.opaque('sock'), id);
        const base = bases.base(regions.mapValue(map.region.map, map.region.inner), id);
        // Of the source only: a candidate's inputs are not proven yet.
        if (!this.log.isSource) return base;
        if (h.ret === 'map_value') this.around.facts.neverNull(base);
        else if (event.pure && h.id === Helper.map_lookup_elem)
          this.around.facts.lookup(
            map.region.key,
            map.def,
            map.region.inner,
            base,
            inputs,
            reached[0]?.size ?? 0,
          );
        return base;
      }
      case 'sock_or_null':
      case 'sock_common_or_null':
      case 'tcp_sock_or_null':
        return bases.base(regions.opaque('sock'), id);
      case 'mem_or_null':
        return bases.base(
          regions.memory(h.effects.includes('acquire') ? 'ringbuf_mem' : 'allocated', undefined),
          id,
        );
      case 'kernel':
      case 'kernel_or_null':
        return bases.base(regions.opaque('kernel'), id);
      case 'unknown':
        return this.variable(event.token, 'r0', 64);
    }
  }
}
