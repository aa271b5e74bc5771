// What is read from a BOINC client's init_data.xml, and what stands where it says nothing.
// links: axiom_boinc
#include "client/boinc/init_data.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace axiom::boinc {
namespace {

InitData parsed(const std::string& lines) {
  return parse_init_data("<app_init_data>\n" + lines + "</app_init_data>\n");
}

TEST(InitData, IsTakenFromItsElements) {
  const InitData data = parsed(
      "<wu_name>unit</wu_name>\n<result_name>unit_1</result_name>\n<gpu_type>NVIDIA</gpu_type>\n"
      "<gpu_device_num>1</gpu_device_num>\n<client_pid>42</client_pid>\n<ncpus>4.000000</ncpus>\n"
      "<checkpoint_period>3.5</checkpoint_period>\n"
      "<host_info>\n<p_ncpus>16</p_ncpus>\n<m_nbytes>25276502016.000000</m_nbytes>\n</host_info>\n"
      "<ram_max_used_busy_pct>50</ram_max_used_busy_pct>\n"
      "<ram_max_used_idle_pct>90</ram_max_used_idle_pct>\n");
  EXPECT_EQ(data.work_unit_name, "unit");
  EXPECT_EQ(data.result_name, "unit_1");
  EXPECT_EQ(data.gpu_type, "NVIDIA");
  EXPECT_EQ(data.gpu_device, 1);
  EXPECT_EQ(data.client_process, 42);
  EXPECT_EQ(data.processors, 4);
  EXPECT_EQ(data.checkpoint_period, 3);  // the library counts whole seconds
  EXPECT_EQ(data.host_memory, 25276502016.0);
  EXPECT_EQ(data.memory_share, 0.9);
  EXPECT_EQ(task_threads(data), 4);
}

TEST(InitData, WhatIsMissingOrNoNumberKeepsItsDefault) {
  const InitData data =
      parsed("<ncpus>many</ncpus>\n<gpu_device_num></gpu_device_num>\n<m_nbytes>nan</m_nbytes>\n");
  EXPECT_EQ(data.gpu_device, -1);
  EXPECT_EQ(data.client_process, -1);
  EXPECT_EQ(data.checkpoint_period, 300);
  EXPECT_EQ(data.host_memory, 0);
  EXPECT_EQ(data.memory_share, 1);
  EXPECT_EQ(task_threads(data), 1);
}

TEST(InitData, AProjectsOwnPreferencesAreNoneOfTheClients) {
  const std::string own =
      "<project_preferences>\n<project_specific>\n<ncpus>7</ncpus>\n</project_specific>\n"
      "</project_preferences>\n";
  EXPECT_EQ(task_threads(parsed(own + "<ncpus>2</ncpus>\n")), 2);
  EXPECT_EQ(task_threads(parsed(own)), 1);
  EXPECT_EQ(task_threads(parsed("<project_preferences>\n<ncpus>2</ncpus>\n")), 2);
}

TEST(InitData, WhatACommentHidesIsNotThere) {
  const InitData data = parsed(
      "<!-- <m_nbytes>1</m_nbytes> --><m_nbytes>8e9</m_nbytes>\n"
      "<!---><ncpus>3</ncpus>--><ncpus>2</ncpus>\n<wu_name>a<!-- b --></wu_name>\n<!-- "
      "<gpu_device_num>1");
  EXPECT_EQ(data.host_memory, 8e9);
  EXPECT_EQ(data.work_unit_name, "a");
  EXPECT_EQ(task_threads(data), 2);
}

// What the log says must be what BOINC's library does.
TEST(InitData, PeriodsThatTheLibraryDoesNotTakeAreItsOwn) {
  for (const char* period : {"0", "0.9", "-5", "1e300", "nan", ""}) {
    const std::string line = "<checkpoint_period>" + std::string(period) + "</checkpoint_period>";
    EXPECT_EQ(parsed(line).checkpoint_period, 300) << period;
  }
  EXPECT_EQ(parsed("<checkpoint_period>1e9</checkpoint_period>").checkpoint_period, 1e9);
}

TEST(InitData, BlanksAroundAValueAreNoPartOfIt) {
  EXPECT_EQ(task_threads(parsed("<ncpus>\r\n 4.0\t</ncpus>")), 4);
  EXPECT_EQ(parsed("<wu_name> \n</wu_name>").work_unit_name, "");
}

// The log has its limit.
TEST(InitData, NamesAreNoLongerThanTheClientMakesThem) {
  const std::string name(100000, 'x');
  EXPECT_EQ(parsed("<wu_name>" + name + "</wu_name>").work_unit_name, name.substr(0, 255));
}

TEST(InitData, FractionsOfProcessorsGiveWholeThreads) {
  EXPECT_EQ(task_threads(parsed("<ncpus>0.02</ncpus>")), 1);
  EXPECT_EQ(task_threads(parsed("<ncpus>2.6</ncpus>")), 3);
  EXPECT_EQ(task_threads(parsed("<ncpus>1e300</ncpus>")), 1024);
}

TEST(InitData, OnlyDevicesOfOneMakerAreCudas) {
  const auto device = [](const std::string& type, const std::string& number) {
    return assigned_device(parsed("<gpu_type>" + type + "</gpu_type>\n<gpu_device_num>" + number +
                                  "</gpu_device_num>\n"));
  };
  EXPECT_EQ(device("NVIDIA", "1"), "cuda:1");
  EXPECT_EQ(device("CUDA", "0"), "cuda:0");
  EXPECT_EQ(device("ATI", "0"), "ati:0");
  EXPECT_EQ(device("intel_gpu", "2"), "intel_gpu:2");
  EXPECT_EQ(device("", "-1"), std::nullopt);
  EXPECT_EQ(device("NVIDIA", "-1"), std::nullopt);
}

TEST(InitData, OtherFilesAreRefused) {
  EXPECT_THROW(parse_init_data(""), std::runtime_error);
  EXPECT_THROW(parse_init_data("<app_init_data>\n<ncpus>2</ncpus>"), std::runtime_error);
}

}  // namespace
}  // namespace axiom::boinc
