#include "tests/crash/facts.h"

#include "base/sha256.h"
#include "base/text.h"
#include "store/content_store.h"
#include "store/key_ring.h"

namespace wenyuan::crash {
namespace {

// Each gives two columns: what the row is about, and all that it says.
constexpr std::string_view kQueries[] = {
    "SELECT id, 'user ' || username || ' ' || display_name || ' ' || disabled || ' ' || "
    "ifnull((SELECT group_concat(role) FROM user_roles r WHERE r.user_id = u.id), '') "
    "FROM users u",
    "SELECT id, 'key of ' || user_id || ' ' || name || ' ' || hex(mac) FROM api_keys",
    "SELECT id, 'group ' || name || ' ' || ifnull((SELECT group_concat(member_id) FROM "
    "(SELECT member_id FROM group_members m WHERE m.group_id = g.id ORDER BY member_id)), '') "
    "FROM user_groups g",
    "SELECT id, 'collection ' || name || ' ' || attributes || ' ' || owner_id || ' ' || "
    "ifnull(versions_kept, '-') || ' ' || ifnull(versions_kept_for, '-') FROM collections",
    "SELECT id, 'grant ' || principal_id || ' ' || role || ' ' || resource_id FROM grants",
    "SELECT id, 'policy ' || name || ' ' || version || ' ' || text FROM policies",
    "SELECT d.id, 'document ' || hex(d.title) || ' ' || d.version || ' ' || d.text_version || ' ' "
    "|| "
    "replace(d.state, 'processing', 'queued') || ' ' || d.attributes || ' ' || d.chunk_count || "
    "' ' || d.embedding_model || ' ' || l.attributes || ' ' || l.document_id "
    "FROM documents d JOIN labels l ON l.id = d.label_id",
    "SELECT d.id, 'version ' || v.version || ' ' || v.sha256 || ' ' || v.effective_from || ' ' || "
    "ifnull(v.effective_until, '-') || ' ' || ifnull(v.text_size, '-') || ' ' || v.first_chunk || "
    "' ' || v.last_chunk || ' ' || v.embedding_model FROM document_versions v "
    "JOIN documents d ON d.number = v.document",
    "SELECT d.id, 'past chunk ' || c.version || ' ' || c.ordinal || ' ' || c.id || ' ' || "
    "hex(c.content) || ' ' || ifnull(hex(c.vector), '-') FROM past_chunks c "
    "JOIN documents d ON d.number = c.document",
    "SELECT d.id, 'past text ' || t.version || ' ' || t.piece || ' ' || hex(t.text) "
    "FROM past_texts t JOIN documents d ON d.number = t.document",
    "SELECT d.id, 'chunk ' || c.ordinal || ' ' || c.id || ' ' || hex(c.content) || ' ' || "
    "ifnull(hex(c.vector), '-') FROM chunks c JOIN documents d ON d.number = c.document",
    "SELECT object_id, 'record ' || number || ' ' || action || ' ' || hex(sealed) "
    "FROM audit_records",
    "SELECT 'idempotency ' || key, status || ' ' || hex(body) FROM idempotency_keys",
    "SELECT id, 'hold ' || subject_id || ' ' || ifnull(released_at, '') FROM audit_holds",
    "SELECT subject_id, 'has a key ' || (wrapped IS NOT NULL) FROM audit_subjects",
    "SELECT document_id, 'erased ' || receipt_id || ' ' || (swept_at IS NOT NULL) FROM erasures",
};

// The keys themselves: under which master key they are wrapped does not matter.
Status add_keys(store::Snapshot& snapshot, Facts& facts) {
  WY_TRY(auto rows, snapshot.prepare("SELECT id, master, wrapped FROM wrapped_keys"));
  for (;;) {
    WY_TRY(const bool found, rows.step());
    if (!found) return Done{};
    const auto bytes = rows.blob(2);
    WY_TRY(const store::CipherKey key,
           snapshot.keys().unwrap({rows.text(1), {bytes.begin(), bytes.end()}}, rows.text(0)));
    facts[rows.text(0)].insert("has the key " + sha256_hex(store::view(key)));
  }
}

Status add_titles(store::Snapshot& snapshot, Facts& facts) {
  WY_TRY(auto rows, snapshot.prepare("SELECT id FROM documents"));
  for (;;) {
    WY_TRY(const bool found, rows.step());
    if (!found) return Done{};
    WY_TRY(const Document document, store::document_for_ingest(snapshot, rows.text(0)));
    facts[document.id].insert("is called " + document.title);
  }
}

}  // namespace

Result<std::vector<std::string>> key_problems(store::Snapshot& snapshot) {
  std::vector<std::string> problems;
  WY_TRY(const store::ErasureSecrets* const secrets, snapshot.keys().secrets());
  WY_TRY(auto rows,
         snapshot.prepare(
             "SELECT id, key_secret, 0 FROM documents UNION ALL "
             "SELECT 'a version of ' || d.id, v.key_secret, 0 FROM document_versions v "
             "JOIN documents d ON d.number = v.document WHERE v.key_secret > 0 "
             "UNION ALL SELECT 'answer ' || key, key_secret, 0 FROM idempotency_keys "
             "UNION ALL "
             "SELECT document_id, key_secret, 1 FROM erasures WHERE key_secret > 0 UNION ALL "
             "SELECT 'what was erased', number, 1 FROM secrets_to_destroy"));
  for (;;) {
    WY_TRY(const bool found, rows.step());
    if (!found) return problems;
    const auto destroyed = secrets->is_destroyed(rows.integer(1));
    const bool wanted = rows.integer(2) == 1;
    if (destroyed && *destroyed == wanted) continue;
    problems.push_back("the key of " + rows.text(0) + (wanted ? " is still there" : " is gone"));
  }
}

Result<Facts> read_facts(store::Database& database) {
  return database.read([](store::Snapshot& snapshot) -> Result<Facts> {
    Facts facts;
    for (const std::string_view query : kQueries) {
      WY_TRY(auto rows, snapshot.prepare(query));
      for (;;) {
        WY_TRY(const bool found, rows.step());
        if (!found) break;
        facts[rows.text(0)].insert(rows.text(1));
      }
    }
    WY_RETURN_IF_ERROR(add_keys(snapshot, facts));
    WY_RETURN_IF_ERROR(add_titles(snapshot, facts));
    return facts;
  });
}

std::string difference(const Facts& wanted, const Facts& found) {
  std::string text;
  const auto missing_in = [&](const Facts& from, const Facts& other, const std::string& what) {
    for (const auto& [about, sentences] : from) {
      const auto same = other.find(about);
      for (const std::string& sentence : sentences) {
        if (same != other.end() && same->second.contains(sentence)) continue;
        text += what + about + " " + sentence.substr(0, 200) + "\n";
      }
    }
  };
  missing_in(wanted, found, "lost: ");
  missing_in(found, wanted, "too much: ");
  return text;
}

}  // namespace wenyuan::crash
