// One query in, one response out: from the cluster's records, or from the host's resolvers. Knows nothing of sockets.
// Malformed packets get no response, and nothing that a packet may hold makes it throw.
import packet, { type Answer, type DecodedPacket, type Question } from 'dns-packet';
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { answerQuestion, type ClusterAnswer, responseCodes } from './answer.ts';
import type { ClusterRecords } from './cluster-records.ts';
import type { Carrier } from './forwarder.ts';

export interface ResolverOptions {
  settings: ClusterSettings;
  records: ClusterRecords;
  /** Resolves with whether the records are complete, after waiting a little for them. */
  areComplete(): Promise<boolean>;
  forward(query: Buffer, carrier: Carrier): Promise<Buffer | undefined>;
}

const opcodeBits = 0x7800;
/** What passes every network in one piece. */
const ownPayloadSize = 1232;
const plainPayloadSize = 512;

export async function resolve(query: Buffer, carrier: Carrier, options: ResolverOptions): Promise<Buffer | undefined> {
  const decoded = decode(query);
  if (decoded?.type !== 'query') return undefined;
  const [question, ...others] = decoded.questions ?? [];
  if (((decoded.flags ?? 0) & opcodeBits) !== 0)
    return encode(decoded, { code: responseCodes.notImplemented, answers: [] }, carrier);
  if (!question || others.length > 0) return encode(decoded, { code: responseCodes.formatError, answers: [] }, carrier);
  const answer = answerQuestion(question, options.records, options.settings);
  if (!answer) return (await options.forward(query, carrier)) ?? encode(decoded, failure, carrier);
  // What is not there may only not have been heard of yet.
  if (!(await options.areComplete())) return encode(decoded, failure, carrier);
  const complete = answerQuestion(question, options.records, options.settings) ?? failure;
  return encode(decoded, await followAlias(question, complete, options), carrier);
}

const failure: ClusterAnswer = { code: responseCodes.serverFailure, answers: [] };

/** Stub resolvers do not follow a CNAME by themselves: the addresses behind it come along. */
async function followAlias(
  question: Question,
  answer: ClusterAnswer,
  options: ResolverOptions,
): Promise<ClusterAnswer> {
  if (!answer.alias || question.type === 'CNAME') return answer;
  const target = { ...question, name: answer.alias };
  const known = answerQuestion(target, options.records, options.settings);
  if (known) return { ...answer, answers: [...answer.answers, ...known.answers] };
  const query = packet.encode({
    type: 'query',
    id: Math.floor(Math.random() * 65536),
    flags: packet.RECURSION_DESIRED,
    questions: [target],
  });
  const response = decode((await options.forward(query, 'udp')) ?? Buffer.alloc(0));
  if (!response) return failure;
  return { ...answer, answers: [...answer.answers, ...(response.answers ?? [])] };
}

function decode(bytes: Buffer): DecodedPacket | undefined {
  try {
    return packet.decode(bytes);
  } catch {
    return undefined;
  }
}

function encode(query: DecodedPacket, answer: ClusterAnswer, carrier: Carrier): Buffer | undefined {
  const edns = query.additionals?.find(({ type }) => type === 'OPT');
  const code = answer.code | (query.flag_rd ? packet.RECURSION_DESIRED : 0) | packet.RECURSION_AVAILABLE;
  const message = (flags: number, answers: Answer[], additionals: Answer[] = []) =>
    packet.encode({
      type: 'response',
      id: query.id ?? 0,
      flags: code | flags | ((query.flags ?? 0) & opcodeBits),
      questions: query.questions ?? [],
      answers,
      authorities: answer.authorities ?? [],
      additionals: [...additionals, ...(edns ? [ownEdns] : [])],
    });
  const limit =
    carrier === 'tcp' ? 65_535 : edns?.type === 'OPT' ? payloadLimit(edns.udpPayloadSize) : plainPayloadSize;
  try {
    const whole = message(packet.AUTHORITATIVE_ANSWER, answer.answers, answer.additionals);
    if (whole.length <= limit) return whole;
    const withoutExtras = message(packet.AUTHORITATIVE_ANSWER, answer.answers);
    if (withoutExtras.length <= limit) return withoutExtras;
    // It asks again over TCP.
    return message(packet.AUTHORITATIVE_ANSWER | packet.TRUNCATED_RESPONSE, []);
  } catch {
    // A question that can be read but not written again, as with an empty label.
    return undefined;
  }
}

const payloadLimit = (asked: number) => Math.min(ownPayloadSize, Math.max(plainPayloadSize, asked));

const ownEdns: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: ownPayloadSize,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};
