/** The path that a file names: where it does not begin at the root, it begins at the directory of the file. */
export const beside = (file: string, path: string): string =>
  path.startsWith('/') ? path : `${file.slice(0, file.lastIndexOf('/') + 1)}${path}`;
