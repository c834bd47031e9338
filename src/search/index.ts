/**
 * The search: a program and a window in, candidates out. It proves nothing; it may propose anything.
 *
 *   window --buildPools--> pools --propose (six rules)--> candidate --Evaluator--> error --Metropolis--> next
 *     state
 */
export * from './chain/chain.ts';
export * from './chain/pools.ts';
export * from './chain/positions.ts';
export * from './chain/proposals.ts';
export * from './chain/quick-check.ts';
export * from './chain/settings.ts';
export * from './windows.ts';
