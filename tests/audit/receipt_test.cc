#include "audit/receipt.h"

#include "audit/checkpoint.h"
#include "tests/audit/audit_fixture.h"

namespace wenyuan::audit {
namespace {

class ReceiptTest : public AuditFixture {
 protected:
  Receipt receipt() const {
    Receipt made;
    made.store_id = database->store_id();
    made.id = "rct_1";
    made.document_id = "doc_1";
    made.collection_id = "col_1";
    made.erased_at = 1'800'000'000'123;
    made.versions = 2;
    made.chunks = 12;
    made.vectors = 11;
    made.rows = 21;
    made.answers = 1;
    made.bytes = 12;
    made.record_hash = "CsUY";
    made.originals = {{std::string(64, 'a'), 5}, {std::string(64, 'b'), 7}};
    return made;
  }
  SigningKey key(const std::string& name = "key") {
    auto opened = SigningKey::open(home.path() / name, home.path() / (name + ".pub"));
    EXPECT_TRUE(opened);
    return *std::move(opened);
  }
};

TEST_F(ReceiptTest, SaysWhatWasErasedToWhoeverHasThePublicKey) {
  const SigningKey signing = key();
  const std::string note = sign_receipt(receipt(), signing);
  const auto opened = open_receipt(note, signing.verifying_key());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->document_id, "doc_1");
  EXPECT_EQ(opened->erased_at, 1'800'000'000'123);
  EXPECT_EQ(opened->vectors, 11);
  ASSERT_EQ(opened->originals.size(), 2U);
  EXPECT_EQ(opened->originals[1].size_bytes, 7);
  EXPECT_EQ(sign_receipt(*opened, signing), note);
}

TEST_F(ReceiptTest, OfACollectionNamesItsDocumentsAndTheirReceipts) {
  const SigningKey signing = key();
  Receipt whole = receipt();
  whole.document_id.clear();
  whole.originals.clear();
  whole.documents = {{"doc_1", "rct_2"}, {"doc_2", "rct_3"}};
  const std::string note = sign_receipt(whole, signing);
  const auto opened = open_receipt(note, signing.verifying_key());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->document_id, "");
  EXPECT_EQ(opened->collection_id, "col_1");
  ASSERT_EQ(opened->documents.size(), 2U);
  EXPECT_EQ(opened->documents[1].id, "doc_2");
  EXPECT_EQ(opened->documents[1].receipt_id, "rct_3");
  EXPECT_EQ(sign_receipt(*opened, signing), note);
}

TEST_F(ReceiptTest, FromBeforeTheyCountedRowsIsReadToo) {
  const SigningKey signing = key();
  Receipt old = receipt();
  old.rows = old.answers = old.bytes = std::nullopt;
  const auto opened = open_receipt(sign_receipt(old, signing), signing.verifying_key());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_FALSE(opened->rows);
}

TEST_F(ReceiptTest, OfADocumentOfManyVersionsIsReadToo) {
  const SigningKey signing = key();
  Receipt many = receipt();
  many.originals.assign(5000, {std::string(64, 'c'), 1'000'000});
  const auto opened = open_receipt(sign_receipt(many, signing), signing.verifying_key());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->originals.size(), 5000U);
}

TEST_F(ReceiptTest, IsRefusedWithAnyChangedByteOrAnotherKey) {
  const SigningKey signing = key();
  const std::string note = sign_receipt(receipt(), signing);
  EXPECT_FALSE(open_receipt(note, key("other").verifying_key()));
  for (std::size_t at = 0; at < note.size(); ++at) {
    std::string changed = note;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(open_receipt(changed, signing.verifying_key())) << at;
    EXPECT_FALSE(open_receipt(note.substr(0, at), signing.verifying_key())) << at;
  }
}

TEST_F(ReceiptTest, HasOneWrittenForm) {
  const SigningKey signing = key();
  const std::string note = sign_receipt(receipt(), signing);
  const std::string text = note.substr(0, note.rfind("\n\n") + 1);
  EXPECT_TRUE(parse_receipt(text));
  EXPECT_TRUE(parse_receipt(note));
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"versions 2", "versions 02"},
                                                        {"versions 2", "versions +2"},
                                                        {"versions 2", "versions -1"},
                                                        {"rows 21", "rows -1"},
                                                        {"rows 21\nanswers 1", "answers 1\nrows 21"},
                                                        {"chunks 12", "chunks 12 "},
                                                        {" 5\n", "\n"},
                                                        {"vectors 11\n", ""}}) {
    std::string other = text;
    other.replace(other.find(from), from.size(), to);
    EXPECT_FALSE(parse_receipt(other)) << to;
  }
  EXPECT_FALSE(parse_receipt(""));
  EXPECT_FALSE(parse_receipt(std::string(kReceiptSizeMax + 1, '\n')));
}

}  // namespace
}  // namespace wenyuan::audit
