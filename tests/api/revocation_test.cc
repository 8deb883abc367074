// What was revoked is read no more: whatever opens a document is taken away while several clients
// read it by every route that there is, and no read that begins after the answer to the revocation
// shows anything of it.
//
// WENYUAN_RACES says how often (default 120; it must show 10,000).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>

#include "api/call.h"
#include "tests/api/whole_api.h"

namespace wenyuan::api {
namespace {

constexpr const char* kWord = "zebrafish";
constexpr std::size_t kReaders = 3;

int race_count() {
  const char* text = std::getenv("WENYUAN_RACES");
  return text == nullptr ? 120 : std::atoi(text);
}

// One way of reading, with what its answer says when the document can be read.
struct Way {
  std::string method, target, body, sign;
};

struct Target {
  std::string collection, document, job;
};

std::vector<Way> ways_to_read(const Target& at) {
  const std::string document = "/v1/documents/" + at.document;
  const std::string collection = "/v1/collections/" + at.collection;
  const std::string search = std::string(R"({"query":")") + kWord + R"(","mode":")";
  const std::string ask = std::string(R"({"question":"Where is the )") + kWord + R"(?")";
  const std::string chat =
      std::string(R"("messages":[{"role":"user","content":"Where is the )") + kWord + R"(?"}])";
  return {
      {"GET", document, "", at.document},
      {"GET", document + "/content", "", "hall seven"},
      {"GET", document + "/chunks", "", "hall seven"},
      {"GET", document + "/versions", "", "sha256"},
      {"GET", "/v1/collections", "", at.collection},
      {"GET", collection, "", at.collection},
      {"GET", collection + "/documents", "", at.document},
      {"GET", collection + "/pack", "", "hall seven"},
      {"GET", "/v1/jobs/" + at.job, "", at.document},
      {"GET", "/v1/jobs/" + at.job + "/events", "", at.document},
      {"GET", "/v1/models", "", at.collection},
      {"POST", "/v1/search", search + R"(keyword"})", "hall seven"},
      {"POST", "/v1/search", search + R"(semantic"})", "hall seven"},
      {"POST", "/v1/search", search + R"(hybrid","collection_ids":[")" + at.collection + R"("]})",
       "hall seven"},
      {"POST", "/v1/ask", ask + "}", "hall seven"},
      {"POST", "/v1/ask", ask + R"(,"stream":true})", "hall seven"},
      {"POST", "/v1/chat/completions", R"({"model":"wenyuan",)" + chat + "}", "hall seven"},
      {"POST", "/v1/chat/completions",
       R"({"stream":true,"model":"wenyuan/)" + at.collection + R"(",)" + chat + "}", "hall seven"},
      {"POST", "/v1/completions",
       std::string(R"({"model":"wenyuan","prompt":"Where is the )") + kWord + R"(?"})",
       "hall seven"},
  };
}

class Revocation : public WholeApi {
 protected:
  // How a user has come to see the document, and how that ends.
  struct Means {
    const char* name;
    void (Revocation::*give)();
    void (Revocation::*take)();
  };
  static const std::array<Means, 11> kMeans;

  Revocation() {
    boss_ = user("boss", {}, {"admin"});
    boss_key_ = key(boss_, {"*"}).key;
    reader_ = user("reader", {{"department", "hr"}});
    reader_key_ = key(reader_, {"*"}).key;
    group_ = group("readers", {});
    collection_ = organization(boss_);
    add_document();
    credential_ = reader_key_;
  }

  void add_document() {
    const Ready made =
        add_ready(boss_, collection_, "Halls", std::string("The ") + kWord + " is in hall seven.",
                  {{"department", "hr"}, {"sensitivity", "internal"}});
    const std::lock_guard lock(mutex_);
    target_ = {collection_, made.id, made.job_id};
  }

  // As an administrator, over HTTP: when this returns, it was acknowledged.
  void act(std::string_view method, const std::string& target, std::string_view body = "") {
    const auto reply = send(method, target, boss_key_, body);
    ASSERT_TRUE(reply.status >= 200 && reply.status < 300)
        << method << " " << target << ": " << reply.status << " " << reply.body;
  }

  void give_grant_on_collection() { held_ = grant(reader_, auth::GrantRole::reader, collection_); }
  void give_grant_on_document() {
    held_ = grant(reader_, auth::GrantRole::reader, target_.document);
  }
  void take_grant() { act("DELETE", "/v1/grants/" + held_); }

  void give_policy() { held_ = policy("allow if user.department == resource.department"); }
  void take_policy() { act("DELETE", "/v1/policies/" + held_); }

  void take_by_forbidding() {
    act("POST", "/v1/policies",
        R"({"name":"stop","text":"deny if user.department == resource.department"})");
  }

  void give_membership() {
    must_write([&](store::Transaction& tx) { return auth::add_member(tx, group_, reader_); });
    held_ = grant(group_, auth::GrantRole::reader, collection_);
  }
  void take_membership() { act("PATCH", "/v1/groups/" + group_, R"({"members":[]})"); }

  void give_key() {
    give_grant_on_collection();
    const auth::NewKey made = key(reader_, {"*"});
    spare_ = made.info.id;
    use(made.key);
  }
  void take_key() { act("DELETE", "/v1/api-keys/" + spare_); }

  void give_enabled() { give_grant_on_collection(); }
  void take_enabled() { act("PATCH", "/v1/users/" + reader_, R"({"disabled":true})"); }

  void take_attributes() {
    act("PATCH", "/v1/users/" + reader_, R"({"attributes":{"department":"it"}})");
  }

  void give_label() { held_ = policy("allow if resource.sensitivity <= \"internal\""); }
  void take_label() {
    act("PATCH", "/v1/documents/" + target_.document, R"({"attributes":{"sensitivity":"secret"}})");
  }

  void give_session() {
    give_grant_on_collection();
    const auth::SessionTokens tokens = begin(reader_);
    spare_ = tokens.session.id;
    use(tokens.access_token);
  }
  void take_session() { act("DELETE", "/v1/sessions/" + spare_); }

  void take_document() { act("DELETE", "/v1/documents/" + target_.document); }

  // As it was in the beginning: the reader sees nothing.
  void put_back() {
    for (const auth::Policy& each :
         auth::must(read([&](store::Snapshot& s) { return engine_.policies(s); }))) {
      remove_policy(each.id);
    }
    for (const std::string& resource : {collection_, target_.document}) {
      const auto left = read([&](store::Snapshot& s) { return engine_.grants(s, resource); });
      for (const auth::Grant& each : left ? *left : std::vector<auth::Grant>()) revoke(each.id);
    }
    must_write([&](store::Transaction& tx) -> Status {
      WY_RETURN_IF_ERROR(auth::set_members(tx, group_, {}));
      auth::UserChange change;
      change.disabled = false;
      change.attributes = Attributes{{"department", "hr"}};
      WY_RETURN_IF_ERROR(identities_->update_user(tx, reader_, change, now_));
      return Done{};
    });
    const auto document =
        read([&](store::Snapshot& s) { return store::document_for_ingest(s, target_.document); });
    if (!document) {
      add_document();
    } else if (document->attributes.at("sensitivity") != AttributeValue(std::string("internal"))) {
      act("PATCH", "/v1/documents/" + target_.document,
          R"({"attributes":{"department":"hr","sensitivity":"internal"}})");
    }
    use(reader_key_);
  }

  template <class Work>
  void must_write(Work work) {
    const Status done = database_->write(work);
    ASSERT_TRUE(done) << done.error().message;
  }

  void name_means(const char* name) {
    const std::lock_guard lock(mutex_);
    means_ = name;
  }
  void use(const std::string& credential) {
    const std::lock_guard lock(mutex_);
    credential_ = credential;
  }

  // --- the readers

  // One read; whether it showed something.
  bool read_once(std::size_t number) {
    Target target;
    std::string credential;
    {
      const std::lock_guard lock(mutex_);
      target = target_;
      credential = credential_;
    }
    const std::vector<Way> ways = ways_to_read(target);
    const Way& way = ways[number % ways.size()];
    const auto reply = send(way.method, way.target, credential, way.body);
    return reply.status == 200 && reply.body.find(way.sign) != std::string::npos;
  }

  struct Counts {
    std::atomic<int> shown_before{0}, judged{0}, stale{0}, on_the_way{0};
  };

  // Turns follow each other in threes. A read with the same turn before and after has begun and
  // ended in it.
  enum Phase { changing, given, taken };

  void keep_reading(std::size_t reader) {
    for (std::size_t number = reader * 7; !finished_; ++number) {
      const int turn = turn_;
      const bool shown = read_once(number);
      if (turn != turn_) {
        ++counts_.on_the_way;
        continue;
      }
      if (turn % 3 == given && shown) ++counts_.shown_before;
      if (turn % 3 == taken) judge(shown, number);
      seen_[reader] = turn;
    }
  }
  void judge(bool shown, std::size_t number) {
    ++counts_.judged;
    if (!shown) return;
    ++counts_.stale;
    const std::lock_guard lock(mutex_);
    const std::vector<Way> ways = ways_to_read(target_);
    failures_.insert(means_ + ": " + ways[number % ways.size()].target);
  }

  // Begins the next turn; unless things are changing, every reader reads once in it.
  void next_turn() {
    const int turn = ++turn_;
    if (turn % 3 == changing) return;
    for (const std::atomic<int>& seen : seen_) {
      while (seen < turn) std::this_thread::yield();
    }
  }

  std::string boss_, boss_key_, reader_, reader_key_, group_, collection_;
  std::string held_, spare_;
  std::mutex mutex_;
  Target target_;                   // guarded by mutex_
  std::string credential_;          // guarded by mutex_
  std::set<std::string> failures_;  // guarded by mutex_
  std::string means_;               // guarded by mutex_
  std::atomic<int> turn_{changing};
  std::array<std::atomic<int>, kReaders> seen_{};
  std::atomic<bool> finished_{false};
  Counts counts_;
};

const std::array<Revocation::Means, 11> Revocation::kMeans = {{
    {"a grant on the collection", &Revocation::give_grant_on_collection, &Revocation::take_grant},
    {"a grant on the document", &Revocation::give_grant_on_document, &Revocation::take_grant},
    {"a policy", &Revocation::give_policy, &Revocation::take_policy},
    {"a policy, until another forbids", &Revocation::give_policy, &Revocation::take_by_forbidding},
    {"membership in a group", &Revocation::give_membership, &Revocation::take_membership},
    {"a key", &Revocation::give_key, &Revocation::take_key},
    {"a user who is disabled", &Revocation::give_enabled, &Revocation::take_enabled},
    {"an attribute of the user", &Revocation::give_policy, &Revocation::take_attributes},
    {"the document's label", &Revocation::give_label, &Revocation::take_label},
    {"a session", &Revocation::give_session, &Revocation::take_session},
    {"a document that is erased", &Revocation::give_grant_on_document, &Revocation::take_document},
}};

TEST_F(Revocation, EveryRouteThatShowsContentIsTried) {
  std::set<std::string> tried;
  for (const Way& way : ways_to_read({"{id}", "{id}", "{id}"})) tried.insert(way.target);
  for (const Route& route : contract_routes()) {
    const std::string path(route.path);
    const bool content = path.starts_with("/v1/documents") || path.starts_with("/v1/collections") ||
                         path.starts_with("/v1/jobs");
    if (route.method != "GET" || !content) continue;
    EXPECT_TRUE(tried.contains(path)) << path << " is new: add it to ways_to_read()";
  }
}

TEST_F(Revocation, EveryMeansOpensEveryWay) {
  for (const Means& means : kMeans) {
    put_back();
    (this->*means.give)();
    for (std::size_t number = 0; number < ways_to_read(target_).size(); ++number) {
      EXPECT_TRUE(read_once(number)) << means.name << ", " << ways_to_read(target_)[number].target
                                     << ways_to_read(target_)[number].body;
    }
    (this->*means.take)();
    for (std::size_t number = 0; number < ways_to_read(target_).size(); ++number) {
      EXPECT_FALSE(read_once(number)) << means.name << ", " << ways_to_read(target_)[number].target;
    }
  }
}

TEST_F(Revocation, NoReadThatBeginsAfterwardsShowsAnything) {
  std::vector<std::jthread> readers;
  for (std::size_t reader = 0; reader < kReaders; ++reader) {
    readers.emplace_back([this, reader] { keep_reading(reader); });
  }
  const int races = race_count();
  for (int race = 0; race < races; ++race) {
    const Means& means = kMeans[static_cast<std::size_t>(race) % kMeans.size()];
    put_back();
    name_means(means.name);
    (this->*means.give)();
    next_turn();
    (this->*means.take)();
    next_turn();
    next_turn();
  }
  finished_ = true;
  readers.clear();
  for (const std::string& failure : failures_) ADD_FAILURE() << "stale: " << failure;
  EXPECT_EQ(counts_.stale, 0);
  EXPECT_GE(counts_.judged, races * static_cast<int>(kReaders));
  EXPECT_GE(counts_.shown_before, races);
  std::printf("%d revocations; %d reads begun afterwards, %d stale; %d on the way\n", races,
              counts_.judged.load(), counts_.stale.load(), counts_.on_the_way.load());
}

}  // namespace
}  // namespace wenyuan::api
