/** Refusals of AXL. */

/** A SOAP fault with the code of AXL (reference/unified-cm-axl.md §6). */
export class AxlFault extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function notFound(what: string): AxlFault {
  return new AxlFault('5007', `Item not valid: The specified ${what} was not found`);
}
