import { missingKind } from './decode.ts';

/** What a configuration of a component may say that it is. */
export interface ConfigurationKind {
  kind: string;
  apiVersions: readonly string[];
}

/** Throws an Error, in the words of upstream's codecs, where what a file holds does not say that it is `expected`. */
export function expectKind(read: unknown, expected: ConfigurationKind): void {
  const { apiVersion, kind } = (read ?? {}) as { apiVersion?: string; kind?: string };
  const said = () => JSON.stringify(read ?? null);
  if (!kind) throw new Error(missingKind(said()));
  if (!apiVersion) throw new Error(`Object 'apiVersion' is missing in '${said()}'`);
  if (kind !== expected.kind || !expected.apiVersions.includes(apiVersion))
    throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
}
