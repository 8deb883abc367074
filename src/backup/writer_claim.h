// Who writes into a place: one server at a time; docs/formats/backup.md.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "audit/checkpoint_key.h"
#include "backup/place.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::backup {

// One thread at a time. Two servers whose clocks agree to some minutes do not both write for longer
// than it takes one of them to look again; and as each writes generations of its own, neither
// overwrites what the other has written.
class WriterClaim {
 public:
  // `place` and `key` must outlive it. `data`: the data directory, which keeps a name of its own,
  // so that a server that was killed goes on at once.
  static Result<WriterClaim> open(Place& place, const audit::SigningKey& key,
                                  const std::filesystem::path& data);

  // Before each writing: takes or renews the claim. conflict while another server has it, or since
  // another has taken it.
  Status hold(UnixMillis now);
  Status release();

  struct Claim {
    std::string writer;   // the data directory's name
    std::string session;  // a new one for each start
    UnixMillis time = 0;  // when it was renewed
  };
  // Says nothing of the signature.
  static Result<Claim> parse(std::string_view text);

 private:
  WriterClaim(Place& place, const audit::SigningKey& key, std::string writer);
  Result<Claim> there() const;
  std::string text(UnixMillis now) const;

  Place* place_;
  const audit::SigningKey* key_;
  std::string writer_, session_;
  bool held_ = false;  // at least once
};

}  // namespace wenyuan::backup
