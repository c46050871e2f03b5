// Volumes on storage of others: networks, clouds, drivers. They are known so that manifests are checked as everywhere;
// what of them runs is the node's to say.

import { checkDescendingPath } from '../../path-rules.ts';
import {
  type Causes,
  checkName,
  checkOneOf,
  checkRange,
  dnsSubdomainFaults,
  invalid,
  required,
  tooLong,
  unsupported,
} from '../../validation.ts';
import type { Volume } from './types.ts';

type Source<S extends keyof Volume> = NonNullable<Volume[S]>;

/** One Required for each field that is empty. */
function* needs(source: object, at: string, ...fields: string[]): Causes {
  for (const field of fields) {
    const value = (source as Record<string, unknown>)[field];
    if (!value || (Array.isArray(value) && value.length === 0)) yield required(`${at}.${field}`);
  }
}

function* checkIscsiName(field: string, name: string): Causes {
  const form = iscsiForms[name.slice(0, 3)];
  if (!form) yield invalid(field, name, 'must be valid format starting with iqn, eui, or naa');
  else if (!form.test(name)) yield invalid(field, name, 'must be valid format');
}

const iscsiForms: Record<string, RegExp | undefined> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

export const foreignSources = {
  *gitRepo(source: Source<'gitRepo'>, at: string): Causes {
    yield* needs(source, at, 'repository');
    yield* checkDescendingPath(`${at}.directory`, source.directory ?? '');
  },
  *gcePersistentDisk(source: Source<'gcePersistentDisk'>, at: string): Causes {
    const here = at.replace(/gcePersistentDisk$/, 'persistentDisk');
    yield* needs(source, here, 'pdName');
    if (source.partition) yield* checkRange(`${here}.partition`, source.partition, 1, 255);
  },
  *awsElasticBlockStore(source: Source<'awsElasticBlockStore'>, at: string): Causes {
    yield* needs(source, at, 'volumeID');
    if (source.partition) yield* checkRange(`${at}.partition`, source.partition, 1, 255);
  },
  *nfs(source: Source<'nfs'>, at: string): Causes {
    yield* needs(source, at, 'server', 'path');
    if (!source.path?.startsWith('/')) yield invalid(`${at}.path`, source.path ?? '', 'must be an absolute path');
  },
  *iscsi(source: Source<'iscsi'>, at: string, _owner: unknown, name: string): Causes {
    yield* needs(source, at, 'targetPortal', 'iqn');
    if (source.iqn) yield* checkIscsiName(`${at}.iqn`, source.iqn);
    yield* checkRange(`${at}.lun`, source.lun ?? 0, 0, 255);
    if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef) yield required(`${at}.secretRef`);
    if (source.initiatorName === undefined) return;
    yield* checkIscsiName(`${at}.initiatorname`, source.initiatorName);
    if (`${name}:${source.targetPortal}`.length > 64) {
      const rule =
        'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
      yield invalid(`${at.replace(/\.iscsi$/, '')}.name`, name, rule);
    }
  },
  glusterfs: (source: Source<'glusterfs'>, at: string): Causes => needs(source, at, 'endpoints', 'path'),
  *flocker({ datasetName, datasetUUID }: Source<'flocker'>, at: string): Causes {
    if (!datasetName && !datasetUUID) yield required(at, 'one of datasetName and datasetUUID is required');
    if (datasetName && datasetUUID) {
      yield invalid(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously');
    }
    if (datasetName?.includes('/')) yield invalid(`${at}.datasetName`, datasetName, "must not contain '/'");
  },
  rbd: (source: Source<'rbd'>, at: string): Causes => needs(source, at, 'monitors', 'image'),
  *cinder(source: Source<'cinder'>, at: string): Causes {
    yield* needs(source, at, 'volumeID');
    if (source.secretRef) yield* needs(source.secretRef, `${at}.secretRef`, 'name');
  },
  cephfs: (source: Source<'cephfs'>, at: string): Causes => needs(source, at, 'monitors'),
  *quobyte({ registry, tenant = '', volume }: Source<'quobyte'>, at: string): Causes {
    const rule = 'must be a host:port pair or multiple pairs separated by commas';
    if (!registry) yield required(`${at}.registry`, rule);
    else if (tenant.length >= 65) {
      yield required(`${at}.tenant`, 'must be a UUID and may not exceed a length of 64 characters');
    } else {
      for (const pair of registry.split(',')) {
        if (!/^([^:]*|\[.*\]):[^:]*$/.test(pair)) yield invalid(`${at}.registry`, registry, rule);
      }
    }
    if (!volume) yield required(`${at}.volume`);
  },
  *fc({ targetWWNs = [], wwids = [], lun }: Source<'fc'>, at: string): Causes {
    if (targetWWNs.length === 0 && wwids.length === 0) {
      yield required(`${at}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both');
    }
    if (targetWWNs.length === 0) return;
    if (wwids.length > 0) {
      yield invalid(`${at}.targetWWNs`, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously');
    }
    if (lun === undefined) yield required(`${at}.lun`, 'lun is required if targetWWNs is specified');
    else yield* checkRange(`${at}.lun`, lun, 0, 255);
  },
  *flexVolume(source: Source<'flexVolume'>, at: string): Causes {
    yield* needs(source, at, 'driver');
    for (const key of Object.keys(source.options ?? {})) {
      if (/(^|\.)(kubernetes|k8s)\.io$/i.test(key.split('/', 2)[0] ?? '')) {
        yield invalid(`${at}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved');
      }
    }
  },
  azureFile: (source: Source<'azureFile'>, at: string): Causes => needs(source, at, 'secretName', 'shareName'),
  vsphereVolume: (source: Source<'vsphereVolume'>, at: string): Causes => needs(source, at, 'volumePath'),
  photonPersistentDisk: (source: Source<'photonPersistentDisk'>, at: string): Causes => needs(source, at, 'pdID'),
  portworxVolume: (source: Source<'portworxVolume'>, at: string): Causes => needs(source, at, 'volumeID'),
  *azureDisk(source: Source<'azureDisk'>, at: string): Causes {
    yield* needs(source, at, 'diskName', 'diskURI');
    const { cachingMode, kind, diskURI = '' } = source;
    yield* checkOneOf(`${at}.cachingMode`, cachingMode, ['None', 'ReadOnly', 'ReadWrite']);
    yield* checkOneOf(`${at}.kind`, kind, ['Dedicated', 'Managed', 'Shared']);
    const [prefix, example] =
      kind === 'Managed'
        ? [
            '/subscriptions/',
            '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
          ]
        : ['https://', 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'];
    if (kind !== undefined && !diskURI.startsWith(prefix)) yield unsupported(`${at}.diskURI`, diskURI, [example]);
  },
  *storageos({ volumeName, volumeNamespace, secretRef }: Source<'storageos'>, at: string): Causes {
    if (!volumeName) yield required(`${at}.volumeName`);
    else yield* checkName(`${at}.volumeName`, volumeName, dnsSubdomainFaults);
    if (volumeNamespace) yield* checkName(`${at}.volumeNamespace`, volumeNamespace, dnsSubdomainFaults);
    if (secretRef) yield* needs(secretRef, `${at}.secretRef`, 'name');
  },
  *scaleIO(source: Source<'scaleIO'>, at: string): Causes {
    yield* needs(source, at, 'gateway', 'system', 'volumeName');
  },
  *csi({ driver, nodePublishSecretRef }: Source<'csi'>, at: string): Causes {
    yield* checkDriverName(`${at}.driver`, driver);
    if (nodePublishSecretRef && !nodePublishSecretRef.name) {
      yield required(`${at}.nodePublishSecretRef.name`);
    }
  },
};

/** The name of a CSI driver: a domain, and short enough for the names made out of it. */
export function* checkDriverName(field: string, driver: string | undefined): Causes {
  if (!driver) {
    yield required(field);
    return;
  }
  if (driver.length > 63) yield tooLong(field, 63);
  for (const fault of dnsSubdomainFaults(driver.toLowerCase())) yield invalid(field, driver, fault);
}
