/**
 * A path as it stands in a request line, of one whose escapes have been decoded. What is passed on is written anew from what was
 * authorized, so that a backend understands nothing else by it.
 */
export const escapedPath = (path: string): string =>
  path.replace(/[^\w\-.~$&+,/:;=@]+/gu, (text) => encodeURIComponent(text));
