#include "app/start_words.h"

#include <iostream>

#include "store/key_ring.h"

namespace wenyuan::app {
namespace fs = std::filesystem;

store::Database::Options store_options(const Config& config) {
  store::Database::Options options;
  options.directory = config.data;
  options.keys = config.keys;
  options.master_key = config.master_key;
  options.previous_master_key = config.previous_master_key;
  options.key_copy = config.key_copy;
  return options;
}

void print_start(const Config& config, int port, const ChosenModels& models, const std::string& key,
                 const store::Database& database) {
  const fs::path& master_key = database.keys().made_file();
  std::cout << "Wenyuan is listening on " << (config.tls ? "https://" : "http://")
            << config.listen_host << ":" << port << "\n";
  if (!key.empty()) {
    std::cout << "Administrator's API key (shown once): " << key << "\n";
  }
  if (!master_key.empty()) {
    std::cout << "The master key is in " << master_key.string()
              << ". Keep a copy of its folder apart from the data and its backups: without it "
                 "nothing can be read, and whoever has both can read everything.\n";
  }
  if (database.unreadable_documents() > 0) {
    std::cout << database.unreadable_documents()
              << " documents cannot be read: the erasure.secrets that was put back is older than "
                 "they are. Start with a newer one in the folder that key_copy names, and they are "
                 "back; wenyuan verify names them, wenyuan repair --remove-unreadable removes "
                 "them.\n";
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

}  // namespace wenyuan::app
