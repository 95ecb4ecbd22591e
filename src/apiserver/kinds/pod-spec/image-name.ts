const domain =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const step = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const reference = new RegExp(
  `^(?:${domain}/)?${step}(?:/${step})*(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

/** Longest reference that is looked at; longer ones are no names of images. */
const maxLength = 1024;

/**
 * The tag an image is fetched by: `latest` if the name says neither tag nor digest, empty if it says a digest alone
 * or is no name of an image.
 */
export function imageTag(image: string): string {
  const match = image.length <= maxLength ? reference.exec(image) : null;
  if (!match) return '';
  return match[1] ?? (match[2] ? '' : 'latest');
}

/** How an image is pulled where nobody says: always if its tag can move by name. */
export function defaultPullPolicy(image: string | undefined): string {
  return imageTag(image ?? '') === 'latest' ? 'Always' : 'IfNotPresent';
}
