/** The part of tr46 6.0.0 that Isthmus uses; the package ships no types. */
declare module "tr46" {
  interface Options {
    readonly checkBidi?: boolean;
    readonly checkHyphens?: boolean;
    readonly checkJoiners?: boolean;
    readonly useSTD3ASCIIRules?: boolean;
    readonly verifyDNSLength?: boolean;
    readonly transitionalProcessing?: boolean;
  }
  /** The domain in A-labels, or null where a label breaks a rule. */
  export function toASCII(domain: string, options?: Options): string | null;
  /** The domain in U-labels; `error` where a label breaks a rule. */
  export function toUnicode(
    domain: string,
    options?: Options,
  ): { readonly domain: string; readonly error: boolean };
}
