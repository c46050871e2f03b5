// An ingress that names no class, in neither way, gets the newest default class.
import { ingresses } from '../../api/kinds/ingress.ts';
import { ingressClasses } from '../../api/kinds/ingress-class.ts';
import { newestFirst } from '../../api/newest-first.ts';
import { type AdmissionStep, created } from './admission.ts';

const classAnnotation = 'kubernetes.io/ingress.class';
const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class';

export const defaultIngressClass: AdmissionStep = {
  name: 'DefaultIngressClass',
  admit: (admission, { cache }) => {
    const ingress = created(admission, ingresses);
    if (!ingress || ingress.spec.ingressClassName !== undefined) return;
    if (ingress.metadata.annotations?.[classAnnotation] !== undefined) return;
    const classes = cache.list(ingressClasses).map(({ object }) => object);
    const defaults = classes.filter(({ metadata }) => metadata.annotations?.[defaultAnnotation] === 'true');
    const [newest] = defaults.sort(newestFirst);
    if (newest) ingress.spec.ingressClassName = newest.metadata.name;
  },
};
