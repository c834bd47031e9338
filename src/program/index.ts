/**
 * Programs and what is needed to understand them.
 *
 *   .insns/.maps/.desc --raw-->  \                      / --raw-->  .insns/.maps/.desc
 *                                 Program --edit--> Program
 *   object file        --elf-->  /                      \ --elf-->  object file
 *
 * What a program's surroundings mean is in tables: maps.ts (map types), hooks.ts (program types: context, packet,
 * result, section names), helpers.ts (helper prototypes).
 */
export * from './attach.ts';
export * from './context.ts';
export * from './edit.ts';
export * from './elf/index.ts';
export * from './errors.ts';
export * from './helpers.ts';
export * from './hooks.ts';
export * from './json.ts';
export * from './maps.ts';
export * from './objects.ts';
export * from './program.ts';
export * from './raw.ts';
