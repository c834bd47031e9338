/** The contract of every function of data/functions.c, as symbols, BTF and tags tell. */
import { describe, expect, it } from 'vitest';
import { argumentRegisters, contractOf, isOpen } from '../../../src/program/contracts/contract.ts';
import { fromJson, toJson } from '../../../src/program/json.ts';
import type { FunctionRange } from '../../../src/program/program.ts';
import { objectOf, programNamed } from './fixtures.ts';

const object = objectOf('functions.o');

function functionOf(program: string, name: string): FunctionRange {
  const f = programNamed(object, program).functions.find((g) => g.name === name);
  if (f === undefined) throw new Error(`no function ${name} in ${program}`);
  return f;
}

const scalar = { kind: 'scalar' };
const memory = (nullable: boolean): unknown => ({ kind: 'memory', size: 8, nullable });

describe('contracts', () => {
  it.each([
    ['plain', 'static', 'with callers', [scalar]],
    ['global_ctx', 'global', 'alone', [{ kind: 'ctx' }]],
    ['global_memory', 'global', 'alone', [memory(true), scalar]],
    ['global_tagged', 'global', 'alone', [memory(false), { kind: 'ctx' }]],
    // libbpf makes it static for the kernel; linkers still see it.
    ['hidden', 'global', 'with callers', [scalar]],
    ['policy', 'weak', 'alone', [scalar]],
  ])('%s: %s, verified %s', (name, linkage, verified, parameters) => {
    const { btfType, ...contract } = contractOf(functionOf('callers', name));
    expect(contract).toEqual({ linkage, verified, parameters, returnsNumber: true });
    expect(object.btf?.types[btfType ?? 0]).toMatchObject({ kind: 'func', name });
  });

  it('say which registers a call passes, whether they are read or not', () => {
    expect(argumentRegisters(functionOf('ignored', 'note'))).toBe(0b10);
    expect(argumentRegisters(functionOf('callers', 'global_memory'))).toBe(0b110);
    // Without a prototype it may be any of them.
    const bare = {
      ...functionOf('ignored', 'note'),
      contract: { linkage: 'weak', verified: 'with callers' },
    } as const;
    expect(argumentRegisters(bare)).toBe(0b111110);
  });

  it('a struct by value leaves open which registers the arguments are', () => {
    const f = functionOf('values', 'by_value');
    expect(contractOf(f)).toMatchObject({ linkage: 'global', verified: 'with callers', returnsNumber: true });
    expect(contractOf(f)).not.toHaveProperty('parameters');
    expect(argumentRegisters(f)).toBe(0b111110);
  });

  it('a replacement gets the arguments of the function that it replaces', () => {
    const p = programNamed(object, 'replacement');
    expect(p.hook).toBe('ext');
    expect(contractOf(p.functions[0]).parameters).toEqual([{ kind: 'ctx' }]);
  });

  it('without BTF the kernel verifies all with their callers, but a linker may still replace', () => {
    const [, policy] = programNamed(objectOf('weak-plain.o'), 'main_prog').functions;
    expect(contractOf(policy)).toEqual({ linkage: 'weak', verified: 'with callers' });
    expect(isOpen(policy)).toBe(true);
  });

  it('raw instructions are static', () => {
    expect(isOpen({ name: 'f', start: 0, end: 1 } as FunctionRange)).toBe(false);
  });

  it('go with a program as JSON', () => {
    const p = programNamed(object, 'callers');
    expect(fromJson(JSON.parse(JSON.stringify(toJson(p)))).functions).toEqual(p.functions);
  });
});
