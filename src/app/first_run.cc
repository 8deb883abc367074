#include "app/first_run.h"

#include <iostream>

#include "audit/log.h"

namespace wenyuan::app {
namespace {

constexpr std::string_view kAdministrator = "admin";

Result<auth::User> make_administrator(store::Transaction& tx, const auth::Identities& identities,
                                      UnixMillis now) {
  auth::User user;
  user.username = kAdministrator;
  user.display_name = "Administrator";
  user.roles = {"admin"};
  WY_TRY(auth::User made, identities.add_user(tx, user, std::nullopt, now));
  audit::Event event;
  event.action = "user.add";
  event.object_id = made.id;
  event.details = {{"first_run", true}};
  WY_TRY([[maybe_unused]] const audit::Record record, audit::append(tx, event, now));
  return made;
}

Result<std::string> first_key(store::Transaction& tx, const auth::Identities& identities,
                              const std::string& user_id, UnixMillis now) {
  WY_TRY(const auth::NewKey key,
         identities.add_key(tx, user_id, "first administrator key", {"*"}, std::nullopt, now));
  return key.key;
}

}  // namespace

Result<std::string> ensure_administrator(store::Database& database,
                                         const auth::Identities& identities, const Config& config,
                                         const Clock& clock) {
  const UnixMillis now = clock.now();
  const auto administrator = database.read(
      [&](store::Snapshot& snapshot) { return identities.user_by_name(snapshot, kAdministrator); });
  if (!administrator && administrator.error().code != ErrorCode::not_found) {
    return administrator.error();
  }
  if (administrator && config.admin_key.empty()) return std::string();
  if (administrator) {
    // Already the administrator's: nothing to write.
    const auto known = database.read([&](store::Snapshot& snapshot) {
      return identities.authenticate_key(snapshot, config.admin_key, now);
    });
    if (known && known->user_id == administrator->id) return std::string();
  }
  return database.write([&](store::Transaction& tx) -> Result<std::string> {
    std::string user_id = administrator ? administrator->id : std::string();
    if (user_id.empty()) {
      WY_TRY(const auth::User made, make_administrator(tx, identities, now));
      user_id = made.id;
    }
    if (config.admin_key.empty()) return first_key(tx, identities, user_id, now);
    WY_RETURN_IF_ERROR(identities.add_chosen_key(tx, user_id, "configured administrator key",
                                                 config.admin_key, now));
    return std::string();
  });
}

void print_start(const Config& config, int port, const ChosenModels& models,
                 const std::string& key) {
  std::cout << "Wenyuan is listening on " << (config.tls ? "https://" : "http://")
            << config.listen_host << ":" << port << "\n";
  if (!key.empty()) {
    std::cout << "Administrator's API key (shown once): " << key << "\n";
  }
  if (models.embedding.name.empty()) {
    std::cout << "There is no embedding model in " << config.models.string()
              << ": only keyword search works. Try: wenyuan model pull multilingual-e5-small\n"
              << "It is taken up without a restart.\n";
  }
  if (models.chat.empty()) {
    std::cout << "There is no chat model in " << config.models.string()
              << ": answers are made of quotes. Try: wenyuan model pull smollm2-135m-instruct\n";
  }
  std::cout << std::flush;
}

Status make_data_directory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return Error{ErrorCode::unavailable, "cannot make " + path.string() + ": " + error.message()};
  }
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  return Done{};
}

}  // namespace wenyuan::app
