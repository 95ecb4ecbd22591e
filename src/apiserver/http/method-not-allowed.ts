import { StatusError } from '../../machinery/status-error.ts';

/** The answer to a method that a path does not have. */
export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}
