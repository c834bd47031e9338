/**
 * Programs and what is needed to understand them.
 *
 *   .insns/.maps/.desc --raw-->  \                      / --raw-->  .insns/.maps/.desc
 *                                 Program --edit--> Program
 *   object file        --elf-->  /                      \ --elf-->  object file
 *
 * What a program's surroundings mean is in tables: maps.ts (map types), hooks.ts (program types: context,
 * packet, result, section names), helpers.ts (helper prototypes).
 */

export * from '../base/errors.ts';
export * from './edit.ts';
export * from './elf/index.ts';
export * from './file.ts';
export * from './json.ts';
export * from './program.ts';
export * from './raw/raw.ts';
export * from './tables/attach.ts';
export * from './tables/context.ts';
export * from './tables/helpers.ts';
export * from './tables/hooks.ts';
export * from './tables/maps.ts';
