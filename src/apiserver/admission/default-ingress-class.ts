import { ingressclasses } from '../../api/generated/resources.ts';
import type { Ingress } from '../../api/networking/v1.ts';
import { defaultClassOf } from '../../machinery/default-class.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout } from './refuse.ts';

const marks = ['ingressclass.kubernetes.io/is-default-class'];
const oldClassAnnotation = 'kubernetes.io/ingress.class';

/** An Ingress that names no class gets the one that is marked as the default; of several, the newest. */
export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  admit(attributes) {
    if (attributes.operation !== 'CREATE' || !isAbout(attributes, 'ingresses', 'networking.k8s.io')) return;
    const ingress = attributes.object as Ingress;
    const isSaid =
      ingress.spec?.ingressClassName !== undefined ||
      ingress.metadata.annotations?.[oldClassAnnotation] !== undefined;
    const found = isSaid ? undefined : defaultClassOf(attributes.context.list(ingressclasses), marks);
    if (found) ingress.spec = { ...ingress.spec, ingressClassName: found.metadata.name };
  },
};
