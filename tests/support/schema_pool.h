// A copy of the project's schema that a test may edit before it is built: what would the rules say
// if somebody had written it so?
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compliance/policy.h"
#include "platform/base/check.h"

namespace belgrand::testing {

class SchemaPool {
 public:
  using File = google::protobuf::FileDescriptorProto;

  SchemaPool() {
    for (const auto* file : compliance::SchemaFiles()) Add(*file);
  }

  // The editable definition of a file by its name, "belgrand/ingest/v1/sample.proto".
  File& Edit(const std::string& name) { return files_.at(name); }
  std::map<std::string, File>& files() { return files_; }

  // Builds what the definitions now say; a definition that protobuf refuses stops the test.
  std::vector<const google::protobuf::FileDescriptor*> Build() {
    pool_ = std::make_unique<google::protobuf::DescriptorPool>();
    std::vector<const google::protobuf::FileDescriptor*> built;
    for (const auto* file : compliance::SchemaFiles()) built.push_back(Build(file->name()));
    return built;
  }

 private:
  void Add(const google::protobuf::FileDescriptor& file) {
    if (!files_.try_emplace(file.name()).second) return;
    file.CopyTo(&files_[file.name()]);
    for (int i = 0; i < file.dependency_count(); ++i) Add(*file.dependency(i));
  }

  const google::protobuf::FileDescriptor* Build(const std::string& name) {
    if (const auto* known = pool_->FindFileByName(name)) return known;
    const File& file = files_.at(name);
    for (const std::string& dependency : file.dependency()) Build(dependency);
    const auto* built = pool_->BuildFile(file);
    BELGRAND_CHECK(built != nullptr);
    return built;
  }

  std::map<std::string, File> files_;
  std::unique_ptr<google::protobuf::DescriptorPool> pool_;
};

}  // namespace belgrand::testing
