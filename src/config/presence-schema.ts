/** What mappings/presence.yaml may hold, with the words that a message uses for it. RFC 4480 §3.2, §3.5; XEP-0107, XEP-0108. */

import * as z from "zod";

const WHY = {
  rule: z.string({ error: "the section of the RFC, as text" }).min(1, "the section of the RFC, as text"),
  note: z.string({ error: "a text" }).optional(),
};

const SHOW_NAME = "away, chat, dnd or xa";
const SHOW = z.enum(["away", "chat", "dnd", "xa"], { error: SHOW_NAME });
const SHOW_OR_NONE = z.enum(["away", "chat", "dnd", "none", "xa"], { error: `${SHOW_NAME}, or none` });
const RPID_NAME = "an activity of RFC 4480 3.2, such as on-the-phone";
const RPID_WORD = z.string({ error: RPID_NAME }).regex(/^[a-z]{1,20}(?:-[a-z]{1,20}){0,3}$/, RPID_NAME);
const USER_NAME = "an activity of XEP-0108: general, or general/specific";
const USER_WORD = /^[a-z]{1,20}(?:_[a-z]{1,20}){0,4}(?:\/[a-z]{1,20}(?:_[a-z]{1,20}){0,4})?$/;
const MOOD_NAME = "a mood of RFC 4480 3.5 or XEP-0107, such as in_love";
const MOOD_WORD = z.string({ error: MOOD_NAME }).regex(/^[a-z]{1,20}(?:_[a-z]{1,20}){0,2}$/, MOOD_NAME);

const SHOW_ROW = z.strictObject(
  { activity: RPID_WORD, ...WHY },
  { error: "a section with activity (or none) and rule" },
);

export const ACTIVITY_ROW = z.strictObject(
  {
    show: SHOW_OR_NONE,
    userActivity: z.string({ error: USER_NAME }).regex(USER_WORD, USER_NAME).optional(),
    writtenAs: RPID_WORD.optional(),
    ...WHY,
  },
  { error: "a section with show and rule" },
);

/** Every show has a row, and every activity that one names has one too: a gap would be silent. */
export const PRESENCE = z
  .strictObject(
    {
      shows: z.strictObject(
        { away: SHOW_ROW, chat: SHOW_ROW, dnd: SHOW_ROW, xa: SHOW_ROW },
        { error: "a section with a row for away, chat, dnd and xa" },
      ),
      precedence: z.strictObject(
        {
          shows: z
            .array(SHOW, { error: "a list of shows" })
            .refine(isWhole, "away, chat, dnd and xa, each once"),
          ...WHY,
        },
        { error: "a section with shows and rule" },
      ),
      activities: z.record(RPID_WORD, ACTIVITY_ROW, { error: "a section with a row for each activity" }),
      "user-activities": z.strictObject(
        { ...WHY, rows: z.record(z.string().regex(USER_WORD, USER_NAME), RPID_WORD, { error: "a section" }) },
        { error: "a section with rule and rows" },
      ),
      moods: z.strictObject(
        { ...WHY, rows: z.record(MOOD_WORD, MOOD_WORD, { error: "a section" }) },
        { error: "a section with rule and rows" },
      ),
    },
    { error: "the sections shows, precedence, activities, user-activities and moods" },
  )
  .superRefine((table, context) => {
    const complain = (path: string[], activity: string | undefined) => {
      if (activity === undefined || activity === "none" || activity in table.activities) return;
      context.addIssue({ code: "custom", path, message: "an activity that has a row" });
    };
    for (const [show, row] of Object.entries(table.shows))
      complain(["shows", show, "activity"], row.activity);
    for (const [name, row] of Object.entries(table.activities)) {
      complain(["activities", name, "writtenAs"], row.writtenAs);
    }
    for (const [name, activity] of Object.entries(table["user-activities"].rows)) {
      complain(["user-activities", "rows", name], activity);
    }
  });

function isWhole(shows: readonly string[]): boolean {
  return shows.length === 4 && new Set(shows).size === 4;
}
