/**
 * What is wrong with a configuration, and where: the one error that reading a configuration may
 * throw. It carries the place, the key, the value and what would be allowed, so that the message
 * alone is enough to mend the file. Ends the process with the exit code for invalid configuration.
 */

/** Where a value was said. Only a file has lines; `line` counts from 1. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'option'; readonly name: string };

export interface ConfigProblem {
  readonly origin: Origin;
  readonly key: string;
  /** The text as it was given; null when the problem is that nothing was given. */
  readonly value: string | null;
  /** Completes the sentence "allowed is ..."; or says what to do instead. */
  readonly allowed: string;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly origin: Origin;
  readonly key: string;
  readonly value: string | null;
  readonly allowed: string;

  constructor(problem: ConfigProblem) {
    super(configErrorMessage(problem));
    this.origin = problem.origin;
    this.key = problem.key;
    this.value = problem.value;
    this.allowed = problem.allowed;
  }

  /** The file at fault, or null when the value came from elsewhere. */
  get file(): string | null {
    return this.origin.kind === 'file' ? this.origin.file : null;
  }

  /** The line of the file, counted from 1, or null when the value came from elsewhere. */
  get line(): number | null {
    return this.origin.kind === 'file' ? this.origin.line : null;
  }
}

/** `zoo.cfg, line 3`, `flag -Dzookeeper.snapCount` and the like, for messages. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `${origin.file}, line ${origin.line}`;
    case 'flag':
      return `flag -D${origin.name}`;
    case 'environment':
      return `environment variable ${origin.name}`;
    case 'option':
      return `option ${origin.name}`;
  }
}

function configErrorMessage({ origin, key, value, allowed }: ConfigProblem): string {
  const said = value === null ? `${key} is not set` : `${key}=${value}`;
  const place = origin.kind === 'default' ? '' : ` (${describeOrigin(origin)})`;
  return `invalid configuration: ${said}${place}; allowed is ${allowed}`;
}
