import manifest from '../../package.json' with { type: 'json' };

/** The version of k8ts itself. */
export const version: string = manifest.version;
