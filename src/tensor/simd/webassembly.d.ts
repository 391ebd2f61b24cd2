/** The part of WebAssembly's interface that is used here: Node's types have none of it, and the DOM's would bring a browser. */
declare namespace WebAssembly {
  // oxlint-disable-next-line typescript/no-extraneous-class -- to its users it has nothing but a constructor
  class Module {
    /** @throws CompileError where the machine lacks what the bytes use, SIMD for one */
    constructor(bytes: Uint8Array);
  }
  class Memory {
    /** In pages of 64 KiB. @throws RangeError where they cannot be had */
    constructor(pages: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
}
