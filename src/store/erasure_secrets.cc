#include "store/erasure_secrets.h"

#include <algorithm>

#include "base/id.h"
#include "base/log.h"
#include "base/metrics.h"

namespace wenyuan::store {
namespace fs = std::filesystem;
namespace {

// So many at a time: one sync for each 256 documents, and 8 KiB wasted by each start.
constexpr SecretNumber kBlock = 256;
constexpr SecretNumber kLostBlock = 2048;

metrics::Gauge& broken_copy() {
  static metrics::Gauge& gauge =
      metrics::gauge("wenyuan_key_copy_broken", "1 while the copy of the keys cannot be written");
  return gauge;
}

// Callers are told what it means for them; where and why is for the log.
Error refusal() {
  return {ErrorCode::unavailable,
          "The copy of the erasure secrets cannot be written. Until it can, nothing is erased, and "
          "soon nothing new is taken in; reading and searching go on. The server's log says why"};
}

}  // namespace

Error lost_secret() {
  return {ErrorCode::corrupt,
          "It cannot be read, for its erasure secret is lost: the erasure.secrets that the server "
          "was given is older than this"};
}

Result<std::unique_ptr<ErasureSecrets>> ErasureSecrets::open(const fs::path& file,
                                                             const std::string& store_id,
                                                             Mode mode) {
  auto opened =
      mode == Mode::create
          ? SecretFile::make(file, store_id, nullptr)
          : SecretFile::open(file, store_id,
                             mode == Mode::read ? SecretFile::Mode::read : SecretFile::Mode::write);
  if (!opened) return std::move(opened).error();
  // Of two that gave out the same numbers, one would erase what the other has.
  if (mode != Mode::read) WY_RETURN_IF_ERROR(opened->lock());
  // The rest of the last block is left unused: nobody knows how much of it was taken.
  WY_TRY(const SecretNumber end, opened->end());
  std::unique_ptr<ErasureSecrets> secrets(
      new ErasureSecrets(*std::move(opened), store_id));  // NOLINT: private constructor
  secrets->next_ = end;
  secrets->end_ = end;
  return secrets;
}

Status ErasureSecrets::keep_copy(const fs::path& folder) {
  const std::lock_guard lock(mutex_);
  std::error_code failed;
  if (fs::create_directory(folder, failed)) {
    fs::permissions(folder, fs::perms::owner_all, failed);
    if (!failed) WY_RETURN_IF_ERROR(sync_directory(folder.parent_path()));
  }
  if (failed) {
    return Error{ErrorCode::unavailable, "create the folder for the copy of the keys: " +
                                             folder.string() + ": " + failed.message()};
  }
  copy_path_ = folder / kSecretsFileName;
  if (!fs::exists(copy_path_, failed)) {
    WY_TRY([[maybe_unused]] const SecretFile made, SecretFile::make(copy_path_, store_id_, &file_));
    log::info("keys.copy_made", {{"file", copy_path_.string()}});
  }
  broken_copy().set(0);
  return take_up_copy();
}

// Never makes one: where a disk is not mounted, the folder for it is empty.
Status ErasureSecrets::take_up_copy() {
  WY_TRY(SecretFile copy, SecretFile::open(copy_path_, store_id_, SecretFile::Mode::write));
  WY_RETURN_IF_ERROR(copy.lock());
  WY_RETURN_IF_ERROR(merge_secrets(file_, copy, Merge::careful));
  WY_RETURN_IF_ERROR(merge_secrets(copy, file_, Merge::erasing));
  copy_ = std::move(copy);
  WY_TRY(const SecretNumber end, file_.end());
  if (end <= end_) return Done{};
  // Secrets that only the copy had, or that were being made when it went away.
  next_ = end;
  end_ = end;
  unfinished_.clear();
  return Done{};
}

Status ErasureSecrets::skip_to(SecretNumber last) {
  const std::lock_guard lock(mutex_);
  if (last < end_) return Done{};
  const SecretNumber begin = end_;
  const std::vector<CipherKey> lost(kLostBlock, lost_place());
  while (end_ <= last + kBlock) {
    WY_RETURN_IF_ERROR(file_.write(end_, lost));
    if (copy_) WY_RETURN_IF_ERROR(copy_->write(end_, lost));
    end_ += kLostBlock;
  }
  next_ = end_;
  WY_RETURN_IF_ERROR(file_.sync());
  if (copy_) WY_RETURN_IF_ERROR(copy_->sync());
  log::error("keys.secrets_older_than_data",
             {{"file", file_.path().string()}, {"first_lost", begin}, {"last_used", last}});
  return Done{};
}

// Tells the log when the copy breaks and when it is back.
Status ErasureSecrets::note(const Status& outcome) {
  if (outcome) {
    if (copy_trouble_) log::info("keys.copy_back", {{"file", copy_path_.string()}});
    copy_trouble_.reset();
    broken_copy().set(0);
    return Done{};
  }
  if (!copy_trouble_ || copy_trouble_->message != outcome.error().message) {
    log::error("keys.copy_broken",
               {{"file", copy_path_.string()}, {"why", outcome.error().message}});
  }
  copy_trouble_ = outcome.error();
  broken_copy().set(1);
  copy_.reset();
  return refusal();
}

Status ErasureSecrets::ready_locked() {
  if (!has_copy()) return Done{};
  if (copy_) return note(copy_->probe());
  return note(take_up_copy());
}

Status ErasureSecrets::ready() {
  const std::lock_guard lock(mutex_);
  return ready_locked();
}

Status ErasureSecrets::copy_health() const {
  const std::lock_guard lock(mutex_);
  if (!copy_trouble_) return Done{};
  return refusal();
}

// What could be written only in part is written again as it was: two files that differ in what
// nobody has had would look like those of two servers.
Status ErasureSecrets::make_more() {
  WY_RETURN_IF_ERROR(ready_locked());
  if (unfinished_.empty()) {
    unfinished_.resize(kBlock);
    random_bytes({reinterpret_cast<std::uint8_t*>(unfinished_.data()), kBlock * kSecretSize});
  }
  if (copy_) {
    Status copied = copy_->write(end_, unfinished_);
    if (copied) copied = copy_->sync();
    if (!copied) return note(copied);
  }
  WY_RETURN_IF_ERROR(file_.write(end_, unfinished_));
  WY_RETURN_IF_ERROR(file_.sync());
  end_ += kBlock;
  wipe({reinterpret_cast<std::uint8_t*>(unfinished_.data()), kBlock * kSecretSize});
  unfinished_.clear();
  return Done{};
}

Result<SecretNumber> ErasureSecrets::take() {
  const std::lock_guard lock(mutex_);
  if (next_ == end_) WY_RETURN_IF_ERROR(make_more());
  return next_++;
}

Result<SecretState> ErasureSecrets::state(SecretNumber number) const {
  if (number <= 0) return Error{ErrorCode::corrupt, "there is no such erasure secret"};
  CipherKey place{};
  WY_RETURN_IF_ERROR(file_.read(number, {&place, 1}));
  const SecretState state = state_of(place);
  wipe(place);
  return state;
}

Result<CipherKey> ErasureSecrets::secret(SecretNumber number) const {
  if (number <= 0) return Error{ErrorCode::corrupt, "there is no such erasure secret"};
  CipherKey place{};
  WY_RETURN_IF_ERROR(file_.read(number, {&place, 1}));
  switch (state_of(place)) {
    case SecretState::there: return place;
    case SecretState::destroyed: break;
    case SecretState::lost: return lost_secret();
  }
  return Error{ErrorCode::not_found, "this was erased, and its key destroyed"};
}

Result<bool> ErasureSecrets::is_destroyed(SecretNumber number) const {
  WY_TRY(const SecretState found, state(number));
  return found == SecretState::destroyed;
}

// First here: what is destroyed in the copy alone would look as if this file were the older one.
Status ErasureSecrets::destroy(std::span<const SecretNumber> numbers) {
  if (numbers.empty()) return Done{};
  const std::lock_guard lock(mutex_);
  WY_RETURN_IF_ERROR(file_.destroy(numbers));
  if (!has_copy()) return Done{};
  // Taking it up destroys there what is destroyed here.
  if (!copy_) return note(take_up_copy());
  return note(copy_->destroy(numbers));
}

}  // namespace wenyuan::store
