/** One thing that is wrong with an expression. `offset` counts UTF-16 units; `nowhere` for what is wrong with the whole. */
export interface Issue {
  offset: number;
  message: string;
}

export const nowhere = -1;

/** An expression that cannot be compiled. The message is what upstream's compiler prints. */
export class CelCompileError extends Error {
  override readonly name: string = 'CelCompileError';

  constructor(source: string, issues: readonly Issue[]) {
    super(issues.map((issue) => renderIssue(source, issue)).join('\n'));
  }

  /** What upstream says that has failed, of something that is called so. */
  failed(what = ''): string {
    return `${what && `${what} `}compilation failed: ${this.message}`;
  }
}

/** An expression that compiles and of which no program can be made: a constant in it cannot be used. */
export class CelInstantiationError extends CelCompileError {
  override readonly name = 'CelInstantiationError';

  constructor(fault: string) {
    super('', []);
    this.message = fault;
  }

  override failed(what = 'program'): string {
    return `${what} instantiation failed: ${this.message}`;
  }
}

/** Something that went wrong while an expression was evaluated. Where in this program says nothing, and is dear to find out. */
export class CelError extends Error {
  override readonly name: string = 'CelError';

  constructor(message: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The expression costs more than it may; no `||` makes up for that. */
export class CelBudgetError extends CelError {
  override readonly name = 'CelBudgetError';
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}

/** Whether it is an error that something else in the expression may make up for. */
export const isFailure = (error: unknown): error is CelError =>
  error instanceof CelError && !(error instanceof CelBudgetError);

function renderIssue(source: string, { offset, message }: Issue): string {
  if (offset === nowhere) return `ERROR: <input>:-1:0: ${message}`;
  const before = source.slice(0, offset);
  const line = before.split('\n').length;
  const start = before.lastIndexOf('\n') + 1;
  const column = [...before.slice(start)].length;
  const text = source.slice(start).split('\n', 1)[0] ?? '';
  const head = `ERROR: <input>:${line}:${column + 1}: ${message}`;
  return `${head}\n | ${text.replaceAll('\t', ' ')}\n | ${'.'.repeat(column)}^`;
}
