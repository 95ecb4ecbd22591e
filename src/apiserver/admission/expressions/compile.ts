import { type CompileOptions, compile, type Program } from '../../../machinery/cel/cel.ts';
import { CelCompileError } from '../../../machinery/cel/errors.ts';
import { boolType, type CelType, formatType } from '../../../machinery/cel/types.ts';
import { authorizerLibrary } from './authorizer.ts';
import { type VariableKinds, variableTypes } from './variables.ts';

/** An expression that cannot be used; the message is upstream's. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

export interface ExpressionScope extends VariableKinds {
  /** The type of `variables`, where expressions have been named. */
  variables?: CelType | undefined;
  records?: CompileOptions['records'];
  /** Functions besides, those of the authorizer among them; these alone where absent. */
  library?: CompileOptions['library'];
}

/** Compiles an expression of admission to one of these types; any where none is given. Throws an ExpressionError. */
export function compileTo(wanted: readonly CelType[], expression: string, scope: ExpressionScope): Program {
  const program = compiled(expression, scope);
  const names = wanted.map(formatType);
  const got = formatType(program.type);
  // As upstream: what is only known at run time is not of the type that is wanted.
  if (names.length === 0 || names.includes(got)) return program;
  const one = names.length === 1 ? names[0] : `one of [${names.join(' ')}]`;
  throw new ExpressionError(`must evaluate to ${one} but got ${got}`);
}

export const compileBool = (expression: string, scope: ExpressionScope) =>
  compileTo([boolType], expression, scope);

function compiled(expression: string, scope: ExpressionScope): Program {
  const { variables, records, library = scope.authorizer ? authorizerLibrary : undefined } = scope;
  try {
    return compile(expression, {
      variables: { ...variableTypes(scope), ...(variables && { variables }) },
      ...(records && { records }),
      ...(library && { library }),
    });
  } catch (error) {
    if (error instanceof CelCompileError) throw new ExpressionError(error.failed());
    throw error;
  }
}
