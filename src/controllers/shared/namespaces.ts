/** Whether nothing could be made because the namespace is on its way out: there is nothing to tell and nothing to try. */
export function isTerminatingNamespace(error: unknown): boolean {
  const status = (error as { status?: { details?: { causes?: { reason?: string }[] } } }).status;
  return status?.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') ?? false;
}
