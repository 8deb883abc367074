// Proofs that others made, most of them wrong, and how they are judged.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace wenyuan::audit {

// The folder with the unpacked proofs; empty when they are not on this machine.
std::string merkle_vectors();

bool judge_inclusion(const nlohmann::json& vector);
bool judge_consistency(const nlohmann::json& vector);

}  // namespace wenyuan::audit
