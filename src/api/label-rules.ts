// How labels, label selectors and other qualified names must look, in Kubernetes' words.
import type { LabelSelector, Labels } from './selector.ts';
import {
  type Cause,
  checkName,
  dnsSubdomainFaults,
  forbidden,
  invalid,
  type NameRule,
  required,
} from './validation.ts';

const namePart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const namePartRule =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** A name with an optional DNS prefix, as the keys of labels have it. */
export const qualifiedNameFaults: NameRule = (text) => {
  const [name = '', prefix, ...rest] = text.split('/').reverse();
  if (rest.length > 0) {
    return [
      `a qualified name ${namePartRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const inPrefix = prefix === '' ? ['must be non-empty'] : prefix === undefined ? [] : dnsSubdomainFaults(prefix);
  const inName = [
    ...(name === '' ? ['must be non-empty'] : name.length > 63 ? ['must be no more than 63 bytes'] : []),
    ...(namePart.test(name) ? [] : [namePartRule]),
  ];
  return [...inPrefix.map((fault) => `prefix part ${fault}`), ...inName.map((fault) => `name part ${fault}`)];
};

export const labelValueFaults: NameRule = (text) => [
  ...(text.length > 63 ? ['must be no more than 63 bytes'] : []),
  ...(labelValue.test(text) ? [] : [labelValueRule]),
];

export function* checkLabels(at: string, labels: Labels | undefined): Iterable<Cause> {
  for (const [key, value] of Object.entries(labels ?? {})) {
    yield* checkName(at, key, qualifiedNameFaults);
    yield* checkName(at, value, labelValueFaults);
  }
}

/** Without a fault the selector can be used. */
export function* checkLabelSelector(at: string, selector: LabelSelector | undefined): Iterable<Cause> {
  if (!selector) return;
  yield* checkLabels(`${at}.matchLabels`, selector.matchLabels);
  for (const [index, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const where = `${at}.matchExpressions[${index}]`;
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        yield required(`${where}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        yield forbidden(`${where}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else {
      yield invalid(`${where}.operator`, operator ?? '', 'not a valid selector operator');
    }
    yield* checkName(`${where}.key`, key ?? '', qualifiedNameFaults);
    for (const [place, value] of values.entries())
      yield* checkName(`${where}.values[${place}]`, value, labelValueFaults);
  }
}

export const isUsableSelector = (selector: LabelSelector | undefined): boolean =>
  [...checkLabelSelector('', selector)].length === 0;
