#include "auth/after_restore.h"

namespace wenyuan::auth {

Status end_sessions_of_the_past(store::Transaction& tx) {
  for (const char* const sql :
       {"DELETE FROM sessions", "DELETE FROM pending_sign_ins", "DELETE FROM sign_in_codes"}) {
    WY_TRY(auto statement, tx.prepare(sql));
    WY_RETURN_IF_ERROR(statement.run());
  }
  return tx.raise_epoch();
}

}  // namespace wenyuan::auth
