/**
 * From modeled nanoseconds per packet to what a network would see.
 *
 *   workload (flows, sizes, map contents; or a capture) --interpreter--> service times of a program (service)
 *   service times + server (dispatch, ring, batches) --closed forms (queueing) or simulation (simulate)-->
 *   throughput at a loss limit, latency at a load, curves of both and of drops (load)
 *   the paper's figures --least squares (calibrate)--> dispatch and base latency, with residuals
 */
export * from './calibrate.ts';
export * from './load.ts';
export * from './pcap.ts';
export * from './queueing.ts';
export * from './service.ts';
export * from './simulate.ts';
export * from './workload.ts';
