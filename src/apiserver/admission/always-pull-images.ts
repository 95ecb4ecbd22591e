import type { Container, Pod, PodSpec } from '../../api/core/v1.ts';
import { notSupported, renderErrors } from '../../machinery/field-error.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { isAbout, isAboutEphemeral, refuse } from './refuse.ts';

/**
 * Images are pulled for each pod, so that nobody uses a private one that is on the node already without the right to pull
 * it.
 */
export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  admit(attributes) {
    if (!hasNewImages(attributes)) return;
    const { spec } = attributes.object as Pod;
    for (const { container } of containersOf(spec)) container.imagePullPolicy = 'Always';
    for (const { image } of spec.volumes ?? []) if (image) image.pullPolicy = 'Always';
  },
  validate(attributes) {
    if (!hasNewImages(attributes)) return;
    const { spec } = attributes.object as Pod;
    const wrong = [
      ...containersOf(spec).map(({ container, path }) => ({
        policy: container.imagePullPolicy,
        field: `${path}.imagePullPolicy`,
      })),
      ...(spec.volumes ?? []).flatMap(({ image }, i) =>
        image ? [{ policy: image.pullPolicy, field: `spec.volumes[${i}].image.pullPolicy` }] : [],
      ),
    ].filter(({ policy }) => policy !== 'Always');
    if (wrong.length === 0) return;
    const errors = wrong.map(({ policy, field }) => notSupported(field, policy ?? '', ['Always']));
    throw refuse(attributes, renderErrors(errors));
  },
};

function containersOf(spec: PodSpec): { container: Container; path: string }[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec;
  const lists = { initContainers, containers, ephemeralContainers };
  return Object.entries(lists).flatMap(([name, list]) =>
    (list as Container[]).map((container, i) => ({ container, path: `spec.${name}[${i}]` })),
  );
}

const imagesOf = (spec: PodSpec) => [
  ...containersOf(spec).map(({ container }) => container.image ?? ''),
  ...(spec.volumes ?? []).flatMap(({ image }) => (image ? [image.reference ?? ''] : [])),
];

/** Pods that were made before are left alone for as long as they get no image that they did not have. */
function hasNewImages(attributes: AdmissionAttributes): boolean {
  const { operation, object, old } = attributes;
  const isPod = isAbout(attributes, 'pods') || isAboutEphemeral(attributes);
  if (!isPod || (operation !== 'CREATE' && operation !== 'UPDATE')) return false;
  if (operation === 'CREATE') return true;
  const before = new Set(imagesOf((old as Pod).spec));
  return imagesOf((object as Pod).spec).some((image) => !before.has(image));
}
