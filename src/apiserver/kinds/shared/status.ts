/** Puts back the status of `old`: clients change it through the status subresource alone. */
export function keepStatus<S>(object: { status?: S }, old: { readonly status?: S }): void {
  if (old.status === undefined) delete object.status;
  else object.status = old.status;
}
