/**
 * Test cases from a seed: packets of the shapes that the hook sees, contexts, and map contents, steered by
 * the constants that the program compares with and by the keys that it looks up.
 *
 *   program --learnConstants--> numbers --+--> packets --> contexts --+--> TestCase[]
 *                                         +--> map contents ----------+
 *   with interpreter feedback (vm/observe.ts): keys that were looked up in vain are put into the maps, and
 *     tests that
 *   reach new code are kept (generateTests) or varied without end (deepTests)
 */
export { type LearnedConstants, learnConstants } from './constants.ts';
export { deepTests } from './deep.ts';
export { generateTests, type TestObservation, type TestOptions } from './generate.ts';
export { randomPacket } from './packets.ts';
