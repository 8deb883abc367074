-- Linking an identity goes the way of a sign-in; this session asked for it. '' for a sign-in.
ALTER TABLE pending_sign_ins ADD COLUMN link_session TEXT NOT NULL DEFAULT '';

-- What models may read and write for a user, or for questions to a collection, in a day of UTC.
ALTER TABLE quotas ADD COLUMN tokens_per_day INTEGER;
ALTER TABLE question_counts ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
