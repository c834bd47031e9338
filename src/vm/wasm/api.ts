/**
 * The part of the WebAssembly JavaScript interface that is used here; the ES2023 library types do not have
 * it.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
export interface WasmModule {
  readonly [brand: symbol]: never;
}
interface Api {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  Memory: new (limits: { initial: number; maximum: number }) => WasmMemory;
  Instance: new (
    module: WasmModule,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, unknown> };
}

export const Wasm: Api = (globalThis as unknown as { WebAssembly: Api }).WebAssembly;
