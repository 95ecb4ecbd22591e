import type { NodeInfo } from '../cache/node-info.ts';
import { type Decision, maxScore, type Plugin } from '../framework/framework.ts';

const megabyte = 1024 * 1024;
/** Below this an image is loaded in no time; above it more does not matter. Per container, as upstream. */
const least = 23 * megabyte;
const most = 1000 * megabyte;

/** A name without a tag means `latest`. */
function withTag(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}

function imagesOf({ pod: { pod } }: Decision): string[] {
  const { containers, initContainers = [] } = pod.spec;
  const volumes = (pod.spec.volumes ?? []).flatMap(({ image }) =>
    image?.reference ? [image.reference] : [],
  );
  const images = [...initContainers, ...containers].flatMap(({ image }) => (image ? [image] : []));
  return [...images, ...volumes].map(withTag);
}

const sizeOn = ({ node }: NodeInfo, image: string) =>
  node.status?.images?.find(({ names }) => names?.includes(image))?.sizeBytes ?? 0;

/** Prefers nodes that have large images of the pod; less so if few have, or they would draw all pods. */
export function imageLocality(): Plugin {
  const name = 'ImageLocality';
  return {
    name,
    preScore(decision) {
      const known = imagesOf(decision).filter((image) => decision.snapshot.pods.nodesWithImage(image) > 0);
      decision.state.set(name, known);
      return known.length === 0 ? 'skip' : undefined;
    },
    score(decision, node) {
      const { snapshot, pod, state } = decision;
      let sum = 0;
      for (const image of state.get<string[]>(name) ?? []) {
        const spread = snapshot.pods.nodesWithImage(image) / snapshot.nodes.size;
        sum += Math.floor(Number(sizeOn(node, image)) * spread);
      }
      const { containers, initContainers = [] } = pod.pod.spec;
      const highest = most * (containers.length + initContainers.length);
      const clamped = Math.min(highest, Math.max(least, sum));
      return Math.floor((maxScore * (clamped - least)) / (highest - least));
    },
  };
}
