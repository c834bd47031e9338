/**
 * The search: a program and a window in, candidates out. It proves nothing; it may propose anything.
 *
 *   window --buildPools--> pools --propose (six rules)--> candidate --Evaluator--> error --Metropolis--> next state
 */
export * from './chain.ts';
export * from './flow.ts';
export * from './pools.ts';
export * from './proposals.ts';
export * from './settings.ts';
export * from './wellformed.ts';
export * from './windows.ts';
