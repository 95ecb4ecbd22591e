import { ingressclasses } from '../../api/generated/resources.ts';
import type { Ingress } from '../../api/networking/v1.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout, refuse } from './refuse.ts';

const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class';
const oldClassAnnotation = 'kubernetes.io/ingress.class';

/** An Ingress that names no class gets the one that is marked as the default. */
export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  admit(attributes) {
    if (attributes.operation !== 'CREATE' || !isAbout(attributes, 'ingresses', 'networking.k8s.io')) return;
    const ingress = attributes.object as Ingress;
    const spec = (ingress.spec ??= {});
    if (spec.ingressClassName !== undefined || ingress.metadata.annotations?.[oldClassAnnotation]) return;
    const marked = [...attributes.context.list(ingressclasses)].filter(
      ({ metadata }) => metadata.annotations?.[defaultAnnotation] === 'true',
    );
    if (marked.length > 1)
      throw refuse(attributes, `${marked.length} default IngressClasses were found, only 1 allowed`);
    if (marked[0]) spec.ingressClassName = marked[0].metadata.name;
  },
};
