"""What a BOINC client of a claimed host says to the scheduler, and what the reply gives it."""

import re

AUTHENTICATOR = "ab" * 16  # as volunteer.py gives


def request(*, memory, busy=50, idle=90, features="sse2 avx avx2 fma", libc="2.36", gpu=None):
    """What a client of a host with `memory` bytes says. `gpu`: cuda (13000), driver (58065), capability (8, 6), memory."""
    coprocessor = ""
    if gpu:
        coprocessor = f"""<coprocs>
<coproc_cuda>
   <count>1</count>
   <name>{gpu.get('name', 'NVIDIA GeForce RTX 3060')}</name>
   <available_ram>{gpu['memory'] * 0.9:.0f}</available_ram>
   <have_cuda>1</have_cuda>
   <have_opencl>0</have_opencl>
   <req_secs>1</req_secs>
   <req_instances>1</req_instances>
   <estimated_delay>0</estimated_delay>
   <peak_flops>13000000000000</peak_flops>
   <cudaVersion>{gpu['cuda']}</cudaVersion>
   <drvVersion>{gpu['driver']}</drvVersion>
   <totalGlobalMem>{gpu['memory']}</totalGlobalMem>
   <sharedMemPerBlock>49152</sharedMemPerBlock>
   <regsPerBlock>65536</regsPerBlock>
   <warpSize>32</warpSize>
   <memPitch>2147483647</memPitch>
   <maxThreadsPerBlock>1024</maxThreadsPerBlock>
   <maxThreadsDim>1024 1024 64</maxThreadsDim>
   <maxGridSize>2147483647 65535 65535</maxGridSize>
   <clockRate>1777000</clockRate>
   <totalConstMem>65536</totalConstMem>
   <major>{gpu['capability'][0]}</major>
   <minor>{gpu['capability'][1]}</minor>
   <textureAlignment>512</textureAlignment>
   <deviceOverlap>1</deviceOverlap>
   <multiProcessorCount>28</multiProcessorCount>
</coproc_cuda>
</coprocs>
"""
    return f"""<scheduler_request>
<authenticator>{AUTHENTICATOR}</authenticator>
<hostid>0</hostid>
<rpc_seqno>0</rpc_seqno>
<core_client_major_version>7</core_client_major_version>
<core_client_minor_version>20</core_client_minor_version>
<core_client_release>5</core_client_release>
<work_req_seconds>1</work_req_seconds>
<cpu_req_secs>{0 if gpu else 1}</cpu_req_secs>
<cpu_req_instances>{0 if gpu else 1}</cpu_req_instances>
<estimated_delay>0</estimated_delay>
<client_cap_plan_class>1</client_cap_plan_class>
<platform_name>x86_64-pc-linux-gnu</platform_name>
<working_global_preferences>
<global_preferences>
<ram_max_used_busy_pct>{busy}</ram_max_used_busy_pct>
<ram_max_used_idle_pct>{idle}</ram_max_used_idle_pct>
<disk_max_used_gb>100</disk_max_used_gb>
<disk_max_used_pct>90</disk_max_used_pct>
<disk_min_free_gb>0.1</disk_min_free_gb>
<work_buf_min_days>0.1</work_buf_min_days>
<work_buf_additional_days>0</work_buf_additional_days>
</global_preferences>
</working_global_preferences>
<time_stats>
<on_frac>1</on_frac>
<connected_frac>-1</connected_frac>
<active_frac>1</active_frac>
<gpu_active_frac>1</gpu_active_frac>
</time_stats>
<host_info>
<timezone>0</timezone>
<domain_name>host</domain_name>
<host_cpid></host_cpid>
<p_ncpus>4</p_ncpus>
<p_vendor>GenuineIntel</p_vendor>
<p_model>Intel(R) Core(TM) [Family 6 Model 158 Stepping 10]</p_model>
<p_features>{features}</p_features>
<p_fpops>4000000000</p_fpops>
<p_iops>10000000000</p_iops>
<p_membw>1000000000</p_membw>
<m_nbytes>{memory}</m_nbytes>
<m_cache>1048576</m_cache>
<m_swap>2147483648</m_swap>
<d_total>500000000000</d_total>
<d_free>300000000000</d_free>
<os_name>Linux Debian</os_name>
<os_version>Debian GNU/Linux 12 (bookworm) [6.1.0-18-amd64|libc {libc}]</os_version>
</host_info>
{coprocessor}<disk_usage>
<d_boinc_used_total>0</d_boinc_used_total>
<d_boinc_used_project>0</d_boinc_used_project>
<d_project_share>100000000000</d_project_share>
</disk_usage>
</scheduler_request>
"""


def assigned(reply):
    """(number of tasks, plan classes) that a reply gives."""
    results = re.findall("<result>.*?</result>", reply, re.S)
    return len(results), sorted({re.search("<plan_class>(.*?)</plan_class>", result).group(1) for result in results})


def messages(reply):
    return [text.strip() for text in re.findall("<message [^>]*>(.*?)</message>", reply, re.S)]
