/**
 * Test cases from a seed: packets of the shapes that the hook sees, contexts, and map contents, steered by the
 * constants that the program compares with and by the keys that it looks up.
 *
 *   program --learnConstants--> numbers --+--> packets --> contexts --+--> TestCase[]
 *                                         +--> map contents ----------+
 *   deepen(): run, see which keys were looked up in vain, put them into the maps, keep what reaches new code
 */
export { type LearnedConstants, learnConstants } from './constants.ts';
export { generateTests, type Observation, type TestOptions } from './generate.ts';
export { randomPacket } from './packets.ts';
