/** What the mapping tables may hold: shapes with the words that a message uses for them. RFC 7247 §7, RFC 7572 §7. */

import * as z from "zod";
import { ANY } from "../core/address/domain-index";
import { parseHost } from "../core/address/host";
import { enforceDomain } from "../core/address/jid";
import { STANZA_CONDITIONS } from "../core/error/stanza-error";
import type { Result } from "../core/result";

/** A domain name in the form that one side wants. */
function domainName(read: (text: string) => Result<string>) {
  return z.string({ error: A_DOMAIN }).transform((text, context) => {
    const name = read(text);
    if (name.ok) return name.value;
    context.issues.push({ code: "custom", message: A_DOMAIN, input: text });
    return z.NEVER;
  });
}

function orAny(name: z.ZodType<string>) {
  return z.union([z.literal(ANY), name], { error: 'a domain, or "*" in quotes' });
}

const A_DOMAIN = "a domain, such as sip.example";

/** Documentation of a row; nothing reads it but people. */
const WHY = {
  rule: z.string({ error: "the section of the RFC, as text" }).min(1, "the section of the RFC, as text"),
  note: z.string({ error: "a text" }).optional(),
};

const STATUS = z
  .number({ error: "a SIP status from 300 to 699" })
  .int("a SIP status from 300 to 699")
  .min(300, "a SIP status from 300 to 699")
  .max(699, "a SIP status from 300 to 699")
  .refine((status) => status !== 503, "another status than 503 (RFC 7247 7.1 note 5)");
export const CONDITION_ROW = z.strictObject(
  {
    full: STATUS,
    bare: STATUS,
    withAddress: STATUS.optional(),
    reason: z
      .string({ error: "a text of one line" })
      .regex(/^[ -~]{1,80}$/, "a line of 1 to 80 ASCII characters"),
    ...WHY,
  },
  { error: "a section with full, bare, reason and rule" },
);
export const STATUS_ROW = z.strictObject(
  {
    condition: z
      .string({ error: "a condition of RFC 6120 8.3.3" })
      .refine((name) => STANZA_CONDITIONS.has(name), "a condition of RFC 6120 8.3.3"),
    type: z.enum(["auth", "cancel", "continue", "modify", "wait"], {
      error: "one of auth, cancel, continue, modify, wait",
    }),
    ...WHY,
  },
  { error: "a section with condition, type and rule" },
);
/** Every condition has a row: a gap would be silent. */
const CONDITION_ROWS = Object.fromEntries([...STANZA_CONDITIONS].map((name) => [name, CONDITION_ROW]));
const CLASS_ROWS = { "3xx": STATUS_ROW, "4xx": STATUS_ROW, "5xx": STATUS_ROW, "6xx": STATUS_ROW };
const STATUS_KEY = z.string().regex(/^[3-6]\d\d$/, "a status from 300 to 699, or 3xx to 6xx");
export const ERRORS = z.strictObject(
  {
    "xmpp-to-sip": z.strictObject(
      {
        ...CONDITION_ROWS,
        default: CONDITION_ROW,
      },
      { error: "a section with a row for each condition" },
    ),
    "sip-to-xmpp": z
      .object(CLASS_ROWS, { error: "a section with a row for each status" })
      .catchall(STATUS_ROW)
      .superRefine((rows, context) => {
        for (const key of Object.keys(rows)) {
          if (key in CLASS_ROWS || STATUS_KEY.safeParse(key).success) continue;
          context.addIssue({
            code: "custom",
            path: [key],
            message: "a status from 300 to 699, or 3xx to 6xx",
          });
        }
      }),
  },
  { error: "the sections xmpp-to-sip and sip-to-xmpp" },
);

const MEDIA_TYPE = "a media type in lower case, such as text/plain";
export const CONTENT_TYPES = z.strictObject(
  {
    "content-types": z
      .array(
        z.strictObject(
          {
            type: z.string({ error: MEDIA_TYPE }).regex(/^[a-z0-9.+-]{1,64}\/[a-z0-9.+-]{1,64}$/, MEDIA_TYPE),
            treatment: z.enum(
              ["plain", "html", "cpim", "composing", "imdn", "multipart-alternative", "multipart-mixed"],
              { error: "one of plain, html, cpim, composing, imdn, multipart-alternative, multipart-mixed" },
            ),
            ...WHY,
          },
          { error: "a section with type, treatment and rule" },
        ),
        { error: "a list" },
      )
      .min(1, "at least text/plain")
      .superRefine((rows, context) => {
        rows.forEach((row, index) => {
          if (rows.findIndex((other) => other.type === row.type) === index) return;
          context.addIssue({ code: "custom", path: [index, "type"], message: "each media type once" });
        });
      }),
  },
  { error: "the section content-types" },
);

const SIP_NAME = domainName(parseHost);
const XMPP_NAME = domainName(enforceDomain);
export const DOMAINS = z.strictObject(
  {
    sip: z
      .array(
        z.strictObject(
          {
            sip: SIP_NAME,
            xmpp: XMPP_NAME,
            peer: z.string({ error: "the name of a peer" }).min(1, "the name of a peer").default("default"),
            tel: z.boolean({ error: "true or false" }).default(false),
          },
          { error: "a rule with sip and xmpp" },
        ),
        { error: "a list of rules" },
      )
      .nullish()
      .transform((rules) => rules ?? []),
    xmpp: z
      .array(
        z
          .strictObject(
            {
              xmpp: orAny(XMPP_NAME),
              sip: orAny(SIP_NAME),
              via: z.enum(["route", "gateway"], { error: "route or gateway" }).default("route"),
            },
            { error: "a rule with xmpp and sip" },
          )
          .superRefine((rule, context) => {
            if (rule.sip === ANY && (rule.xmpp !== ANY || rule.via !== "route")) {
              context.addIssue({
                code: "custom",
                path: ["sip"],
                message: 'a domain: "*" belongs to xmpp "*" via route',
              });
            } else if (rule.xmpp === ANY && rule.via === "route" && rule.sip !== ANY) {
              context.addIssue({ code: "custom", path: ["sip"], message: '"*" in quotes, as for xmpp' });
            }
          }),
        { error: "a list of rules" },
      )
      .nullish()
      .transform((rules) => rules ?? []),
  },
  { error: "the lists sip and xmpp" },
);
