#ifndef CF_SESSION_LEARN_H
#define CF_SESSION_LEARN_H

#include "lang/learn.h"

#include "cutflow/session.h"

/* Fills the session's learner, which the binder asks to train. */
void cf_learn_init(cf_session *s);
void cf_learn_clear(cf_session *s);
/* The models of the session, for plans that came from JSON. */
size_t cf_learn_models(const cf_session *s, cf_predictor **out, size_t max);

#endif
