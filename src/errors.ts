/**
 * Errors that end a run, one class per thing the reader must do: fix the file, fix the command, or report a bug.
 * Facts travel as data; sentences are made where they are shown (cli/render-error.ts).
 */

export interface ErrorFacts {
  /** Stable for ever, e.g. `capture/unknown-format`. */
  readonly code: string;
  /** One sentence, lower case, with the numbers in it. */
  readonly message: string;
  /** What to do next. */
  readonly help?: string;
  readonly path?: string;
  readonly byteOffset?: number;
  /** 1-based line and column in a text input. */
  readonly line?: number;
  readonly column?: number;
}

/** Base class; `facts` survives the trip between threads, the class does not. */
export abstract class LagdiffError extends Error {
  readonly facts: ErrorFacts;
  constructor(facts: ErrorFacts, options?: ErrorOptions) {
    super(facts.message, options);
    this.facts = facts;
  }
}

/** The input cannot be used: the reader must fix or replace a file. */
export class InputError extends LagdiffError {
  override readonly name = 'InputError';
}

/** The command cannot be carried out as typed. */
export class UsageError extends LagdiffError {
  override readonly name = 'UsageError';
}

/** Ours: a trap, a broken invariant. The reader should report it. */
export class EngineError extends LagdiffError {
  override readonly name = 'EngineError';
}
