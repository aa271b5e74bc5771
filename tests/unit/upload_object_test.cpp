// links: axiom_upload
#include "client/upload/upload_object.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "client/system/digest.h"
#include "client/transfer/trust_store.h"
#include "client/upload/gzip.h"
#include "tests/support/temporary_directory.h"

namespace axiom {
namespace {

UploadIdentity identity() { return {"0.1.0", "abc", "compgen", "2.0", "1", "dd", "ee"}; }

std::string message(const std::string& text) {
  try {
    parse_address(text);
  } catch (const AddressError& error) {
    return error.what();
  }
  ADD_FAILURE() << "accepted: " << text;
  return "";
}

TEST(Addresses, AreTakenApart) {
  const Address address = parse_address("https://Example.org:8443/a/b?x=y#z");
  EXPECT_EQ(address.host, "Example.org");
  EXPECT_EQ(address.port, "8443");
  EXPECT_EQ(address.path, "/a/b");
  EXPECT_EQ(address.query, "x=y");
  EXPECT_EQ(address.shown(), "https://Example.org:8443/a/b");
  EXPECT_EQ(parse_address("https://example.org").port, "443");
}

TEST(Addresses, AreHttpsWithoutSecrets) {
  for (const char* text : {"http://example.org/", "ftp://example.org/", "file:///etc/passwd",
                           "example.org/", "/path", "", "https://", "https://a b/"}) {
    EXPECT_FALSE(message(text).empty());
  }
  for (const char* text : {"https://user:hunter2@example.org/", "https://hunter2@example.org/",
                           "https://@example.org/", "https://:@example.org/"}) {
    EXPECT_NE(message(text).find("--upload-credentials"), std::string::npos);
    EXPECT_EQ(message(text).find("hunter2"), std::string::npos);
  }
  EXPECT_EQ(message("http://example.org/?hunter2").find("hunter2"), std::string::npos);
  for (const char* text :
       {"http://user:hunter2@example.org/", "https://user:hunter2@example.org:x/",
        "https://user:hun@ter2@example.org:x/", "user:hunter2@example.org/a b",
        "https://user:hunter2?@example.org/", "https://user:hunter2/@example.org/"}) {
    EXPECT_EQ(message(text).find("hun"), std::string::npos) << message(text);
  }
  EXPECT_LT(message("http://example.org/" + std::string(5000, 'a')).size(), 300u);
}

TEST(Addresses, AreAsciiOfSomeLength) {
  EXPECT_NE(message("https://example.org/\xc3\xa9/").find("percent-encoded"), std::string::npos);
  EXPECT_NE(message("https://example.org/\xff").find("percent-encoded"), std::string::npos);
  EXPECT_NE(message("https://b\xc3\xbc\x63her.example/").find("xn--"), std::string::npos);
  const std::string longest = "https://example.org/" + std::string(longest_address - 20, 'a');
  EXPECT_EQ(parse_address(longest).text, longest);
  EXPECT_NE(message(longest + "a").find("longer than"), std::string::npos);
  // Servers that redirect do not always keep to it.
  const Address base = parse_address("https://example.org/a/b");
  EXPECT_EQ(resolve_address(base, "/\xc3\xa9").host, "example.org");
}

TEST(Addresses, AreResolved) {
  const Address base = parse_address("https://example.org/a/b");
  EXPECT_EQ(resolve_address(base, "c").text, "https://example.org/a/c");
  EXPECT_EQ(resolve_address(base, "/c").text, "https://example.org/c");
  EXPECT_EQ(resolve_address(base, "//other.org/c").host, "other.org");
  EXPECT_TRUE(base.same_server(resolve_address(base, "https://example.org:443/x")));
  EXPECT_TRUE(base.same_server(resolve_address(base, "https://Example.ORG/x")));
  EXPECT_FALSE(base.same_server(resolve_address(base, "https://example.org:444/x")));
  EXPECT_THROW(resolve_address(base, "http://example.org/c"), AddressError);
  EXPECT_THROW(resolve_address(base, "https://u:p@example.org/c"), AddressError);
}

TEST(Targets, FolderNameOrOneObject) {
  const auto text = [](const std::string& target, UploadKind kind) {
    const auto address = object_address(target, kind, "n");
    return address ? address->text : "none";
  };
  using enum UploadKind;
  EXPECT_EQ(text("https://h/a/", result), "https://h/a/n");
  EXPECT_EQ(text("https://h/a/?", result), "https://h/a/n");
  EXPECT_EQ(text("https://h//", result), "https://h//n");
  EXPECT_EQ(text("https://h/{name}.x?y", telemetry), "https://h/n.x?y");
  EXPECT_EQ(text("https://h/a?s=1", result), "https://h/a?s=1");
  EXPECT_EQ(text("https://h/a?s=1", telemetry), "none");
  EXPECT_EQ(text("https://h/a#f", result), "https://h/a");  // a fragment is not sent
  EXPECT_EQ(text("https://h/{name}?key={name}", result), "https://h/n?key=n");
  for (const char* lost : {"https://h/x#{name}", "https://{name}.h/", "https://h/{name}/..",
                           "https://h/a/?signature=1"}) {
    EXPECT_THROW(object_address(lost, result, "e-00.json.gz"), AddressError) << lost;
  }
  EXPECT_TRUE(single_object("https://h/a"));
  EXPECT_FALSE(single_object("https://h/a/"));
  EXPECT_FALSE(single_object("https://h/{name}"));
}

TEST(Targets, ThatCanHoldALongNameCanHoldAll) {
  const std::string name = stand_in_name();
  for (const std::string& end : {std::string("/"), std::string("/{name}")}) {
    const std::size_t room = longest_address - end.size() - name.size();
    std::string target = "https://h/";
    target += std::string(room - target.size() + (end == "/" ? 0 : 6), 'a') + end;
    EXPECT_TRUE(object_address(target, UploadKind::result, name).has_value());
    target.insert(10, "a");
    EXPECT_THROW(object_address(target, UploadKind::result, name), AddressError);
  }
  EXPECT_LE(object_name(UploadKind::telemetry, "microscalev2", sha256_hex("x"), "x").size(),
            name.size());
  EXPECT_TRUE(is_object_name(name));
}

TEST(Names, AreKnownFromThoseOfOthers) {
  UploadIdentity made = identity();
  made.result_digest = sha256_hex("x");
  for (const UploadKind kind : {UploadKind::result, UploadKind::part, UploadKind::telemetry}) {
    const std::string name = object_name(kind, made.experiment, made.result_digest, "x");
    EXPECT_TRUE(is_object_name(name));
    EXPECT_EQ(upload_object(kind, made, "x").name, name);
  }
  const std::string digest = sha256_hex("x");
  for (const std::string& other :
       {std::string("a.gz"), "e-" + digest, "e-" + digest + "x.json.gz", "e" + digest + ".json.gz",
        "e-" + digest + ".tar.gz", std::string("e-.json.gz"), "e-" + digest + "0.json.gz",
        "e-" + digest.substr(1) + ".json.gz", std::string("backup-2026.json.gz"),
        std::string("neuronspec.result.json.gz")}) {
    EXPECT_FALSE(is_object_name(other)) << other;
  }
}

TEST(Headers, CarryTheIdentityAndTheDigest) {
  const Headers headers = upload_headers(identity(), "abc", parse_address("https://h/"));
  const auto value = [&](const std::string& name) {
    const auto found = std::find_if(headers.begin(), headers.end(),
                                    [&](const auto& header) { return header.first == name; });
    return found == headers.end() ? "" : found->second;
  };
  // SHA-256("abc"), FIPS 180-2.
  EXPECT_EQ(value("Content-Digest"), "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:");
  EXPECT_EQ(value("Axiom-Plan-Digest"), "dd");
  EXPECT_EQ(value("x-amz-meta-axiom-result-digest"), "ee");
  EXPECT_EQ(headers.size(), 16u);
}

TEST(Headers, OfAddressesSignedInAdvanceAreThoseThatTheSignatureNames) {
  const auto metadata = [](const std::string& address) {
    const Headers headers = upload_headers(identity(), "abc", parse_address(address));
    return std::count_if(headers.begin(), headers.end(), [](const auto& header) {
      return header.first.starts_with("x-amz-meta-");
    });
  };
  EXPECT_EQ(metadata("https://h/a?X-Amz-Signature=1&X-Amz-SignedHeaders=host"), 0);
  EXPECT_EQ(metadata("https://h/a?X-Amz-SignedHeaders=host;x-amz-meta-axiom-build&"
                     "X-Amz-Signature=1"),
            1);
  EXPECT_EQ(metadata("https://h/a?X-Amz-SignedHeaders=x-amz-meta-axiom-build%3Bhost%3B"
                     "x-amz-meta-axiom-experiment&X-Amz-Signature=1"),
            2);
}

TEST(Headers, OfAzuresSharedAccessSignaturesAreItsOwn) {
  const std::string address = "https://h/c/a?sv=2024-11-04&sr=c&sp=cw&se=2027-01-01&sig=a%2Bb%3D";
  const Headers headers = upload_headers(identity(), "abc", parse_address(address));
  const auto has = [&](const std::string& name, const std::string& value) {
    return std::count(headers.begin(), headers.end(), std::pair(name, value)) == 1;
  };
  EXPECT_TRUE(has("x-ms-blob-type", "BlockBlob"));
  EXPECT_TRUE(has("x-ms-meta-axiom_result_digest", "ee"));
  EXPECT_TRUE(has("Axiom-Result-Digest", "ee"));
  EXPECT_EQ(headers.size(), 17u);
  for (const char* other :
       {"https://h/a?sig=x", "https://h/a?sv=2024-11-04", "https://h/sig=&sv="}) {
    EXPECT_EQ(upload_headers(identity(), "abc", parse_address(other)).size(), 16u) << other;
  }
}

TEST(Gzip, ComesBack) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += std::to_string(i * 7);
  for (const std::string& original : {std::string(), std::string("x"), text}) {
    const std::string packed = gzip(original);
    EXPECT_EQ(gunzip(packed, original.size()), original);
    EXPECT_EQ(packed.substr(3, 5), std::string(5, '\0'));  // no name, comment or time
    EXPECT_EQ(packed[9], '\xff');                          // nor a system
  }
}

TEST(Gzip, RefusesBombsCutsAndMore) {
  const std::string packed = gzip(std::string(1 << 20, 'x'));
  EXPECT_LT(packed.size(), 2000u);
  EXPECT_THROW(gunzip(packed, (1 << 20) - 1), std::runtime_error);
  for (std::size_t length = 0; length < packed.size(); ++length) {
    EXPECT_THROW(gunzip(packed.substr(0, length), 1 << 20), std::runtime_error) << length;
  }
  EXPECT_THROW(gunzip(packed + "x", 1 << 20), std::runtime_error);
}

TEST(TrustStores, TheFirstThatHoldsACertificate) {
  FileSystem& files = real_file_system();
  const testing::TemporaryDirectory directory;
  const std::string certificate = "-----BEGIN CERTIFICATE-----\n";
  files.write_durably(directory / "empty", "");
  files.write_durably(directory / "one", certificate + "1");
  files.write_durably(directory / "two", certificate + "2");
  const auto chosen = [&](const std::string& ca_file, const std::vector<std::string>& stores) {
    return choose_trust_store(files, ca_file, stores, "embedded text").certificates;
  };
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(chosen("", {directory / "missing", directory / "empty", directory.path(),
                        directory / "pipe", directory / "one", directory / "two"}),
            certificate + "1");
  EXPECT_EQ(chosen("", {directory / "missing"}), "embedded text");
  EXPECT_EQ(chosen("", {}), "embedded text");
  EXPECT_EQ(chosen(directory / "two", {directory / "one"}), certificate + "2");
  EXPECT_EQ(chosen("embedded", {directory / "one"}), "embedded text");
  EXPECT_THROW(chosen(directory / "empty", {directory / "one"}), IoError);
  EXPECT_THROW(chosen(directory / "missing", {directory / "one"}), IoError);
}

}  // namespace
}  // namespace axiom
