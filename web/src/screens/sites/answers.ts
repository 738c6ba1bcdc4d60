/** 答复 — what a verification will say on the facts that judging lacks: by fact, its value for the server and its words for people. */
export type Answers = Record<string, { label: string; value: string; text: string }>;
